-- In the hour nothing is written where nothing has changed.
INSERT INTO affinities (tenant, affinity, worker, hour) VALUES (?, ?, ?, CAST(strftime('%s', 'now') AS INTEGER) / 3600)
ON CONFLICT DO UPDATE SET worker = excluded.worker, hour = excluded.hour
WHERE worker <> excluded.worker OR hour <> excluded.hour
