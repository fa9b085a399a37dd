INSERT INTO stream_watches (run, reader, until)
SELECT DISTINCT ON (run, reader) run, reader, until
FROM unnest(%s::text[], %s::text[], %s::double precision[]) WITH ORDINALITY AS w (run, reader, until, nth)
ORDER BY run, reader, nth DESC
ON CONFLICT (run, reader) DO UPDATE SET until = excluded.until
