INSERT INTO conversation_said (place, author, run, key, at, message, source, cut, first, size)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
