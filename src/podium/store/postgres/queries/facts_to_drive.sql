-- The first fact of each run, and those of its present generation.
SELECT r.n, f.place & 16777215, f.kind, f.key, f.at, f.epoch, f.body,
    COALESCE(f.payload, (SELECT b.body FROM blobs b WHERE b.hash = f.blob)), f.blob IS NOT NULL, f.hash
FROM runs r CROSS JOIN LATERAL (
    SELECT * FROM facts WHERE place = r.n << 24 AND r.since > 0
    UNION ALL
    SELECT * FROM facts WHERE place BETWEEN (r.n << 24) + r.since AND (r.n << 24) + 16777215
) f
WHERE r.n = ANY (%s::bigint[]) AND r.owner = %s
ORDER BY f.place
