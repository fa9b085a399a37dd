SELECT w.nth, e.number, e.epoch, e.text
FROM unnest(%s::text[], %s::bigint[]) WITH ORDINALITY AS w (run, number, nth)
JOIN stream_events e ON e.run = w.run AND e.number > w.number
ORDER BY w.nth, e.number
