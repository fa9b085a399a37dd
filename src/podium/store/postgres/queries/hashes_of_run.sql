SELECT f.hash FROM facts f JOIN runs r ON f.place BETWEEN r.n << 24 AND (r.n << 24) + 16777215
WHERE r.id = %s ORDER BY f.place
