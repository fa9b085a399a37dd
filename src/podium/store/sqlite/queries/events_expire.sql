DELETE FROM events WHERE position < ?2 + ?3 AND position < COALESCE(
    (SELECT position FROM events WHERE at >= ?1 ORDER BY position LIMIT 1), (SELECT MAX(position) FROM events)
)
