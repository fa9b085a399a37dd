INSERT INTO stream_heads (run, epoch, last, until)
SELECT DISTINCT ON (run) run, epoch, last, until
FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::double precision[])
    WITH ORDINALITY AS h (run, epoch, last, until, nth)
ORDER BY run, nth DESC
ON CONFLICT (run) DO UPDATE SET epoch = excluded.epoch, last = excluded.last, until = excluded.until
