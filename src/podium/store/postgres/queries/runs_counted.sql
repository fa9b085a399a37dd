SELECT state, COUNT(*) FROM runs GROUP BY state ORDER BY state
