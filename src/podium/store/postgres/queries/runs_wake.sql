UPDATE runs SET
    wake = wake + w.times,
    state = CASE state WHEN 'parked' THEN 'ready' ELSE state END,
    wake_at = CASE state WHEN 'parked' THEN NULL ELSE wake_at END,
    ready_at = CASE state WHEN 'parked' THEN extract(epoch FROM clock_timestamp()) ELSE ready_at END
FROM (SELECT n, count(*) AS times FROM unnest(%s::bigint[]) AS u (n) GROUP BY n) w
WHERE runs.n = w.n
