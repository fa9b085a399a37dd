SELECT position, at FROM events ORDER BY position LIMIT 1
