INSERT INTO conversation_said (place, author, run, number, key, at, message, source, cut, first, size)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
