INSERT INTO conversation_said (place, author, run, number, key, at, message, source, cut, first, size)
SELECT place + ((?2 - ?1) << 24), author, run, number, key, at, message, source, cut, first, size
FROM conversation_said WHERE place >= ?1 << 24 AND place < (?1 << 24) + ?3 ORDER BY place
