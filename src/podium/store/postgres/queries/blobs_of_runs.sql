SELECT DISTINCT f.blob FROM unnest(%s::bigint[]) AS r (n)
JOIN facts f ON f.place BETWEEN r.n << 24 AND (r.n << 24) + 16777215 WHERE f.blob IS NOT NULL
