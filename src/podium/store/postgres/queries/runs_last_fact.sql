SELECT r.n, r.id, f.place & 16777215, f.hash
FROM runs r CROSS JOIN LATERAL (
    SELECT place, hash FROM facts WHERE place BETWEEN r.n << 24 AND (r.n << 24) + 16777215 ORDER BY place DESC LIMIT 1
) f
WHERE r.n = ANY (%s::bigint[])
