SELECT r.id, f.place & 16777215, f.hash FROM runs r
JOIN facts f ON f.place BETWEEN r.n << 24 AND (r.n << 24) + 16777215
WHERE r.n = ? ORDER BY f.place DESC LIMIT 1
