-- In the hour nothing is written where nothing has changed. All lock in one order.
INSERT INTO affinities (tenant, affinity, worker, hour)
SELECT DISTINCT tenant, affinity, %s, floor(extract(epoch FROM clock_timestamp()) / 3600)
FROM unnest(%s::text[], %s::text[]) AS r (tenant, affinity) ORDER BY tenant, affinity
ON CONFLICT (tenant, affinity) DO UPDATE SET worker = excluded.worker, hour = excluded.hour
WHERE affinities.worker <> excluded.worker OR affinities.hour <> excluded.hour
