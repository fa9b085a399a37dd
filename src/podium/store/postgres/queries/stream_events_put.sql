-- What was told twice was told the same: the last one counts.
INSERT INTO stream_events (run, number, epoch, text)
SELECT DISTINCT ON (run, number) run, number, epoch, text
FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bytea[]) WITH ORDINALITY AS e (run, number, epoch, text, nth)
ORDER BY run, number, nth DESC
ON CONFLICT (run, number) DO UPDATE SET epoch = excluded.epoch, text = excluded.text
