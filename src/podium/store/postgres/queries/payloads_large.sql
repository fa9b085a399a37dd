SELECT r.n, f.place & 16777215, f.payload
FROM unnest(%(runs)s::bigint[]) AS r (n) CROSS JOIN LATERAL (
    SELECT place, COALESCE(payload, (SELECT body FROM blobs WHERE hash = blob)) AS payload
    FROM (
        SELECT place, payload, blob FROM facts
        WHERE place BETWEEN r.n << 24 AND (r.n << 24) + 16777215 ORDER BY place DESC LIMIT 512
    ) l
    WHERE length(payload) >= %(size)s OR substr(payload, 1, 1) = '\x00' OR blob IN (SELECT hash FROM blobs)
    ORDER BY place DESC LIMIT %(count)s
) f
ORDER BY r.n, f.place DESC
