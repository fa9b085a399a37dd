INSERT INTO conversation_messages (place, author, run, key, at, message)
SELECT place - (?1 << 24) + (?2 << 24), author, run, key, at, message
FROM conversation_messages WHERE place >= ?1 << 24 AND place < (?1 << 24) + ?3 ORDER BY place
