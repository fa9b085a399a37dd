DELETE FROM stream_events AS e USING unnest(%s::text[], %s::bigint[]) AS t (run, number)
WHERE e.run = t.run AND e.number <= t.number
