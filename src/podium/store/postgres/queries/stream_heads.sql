-- With the last event up to the number, where it is still there.
SELECT w.nth, h.epoch, h.last, e.number, e.epoch, e.text
FROM unnest(%s::text[], %s::bigint[]) WITH ORDINALITY AS w (run, number, nth)
JOIN stream_heads h ON h.run = w.run
LEFT JOIN LATERAL (
    SELECT number, epoch, text FROM stream_events
    WHERE run = w.run AND number <= w.number ORDER BY number DESC LIMIT 1
) e ON true
WHERE w.number IS NOT NULL
