INSERT INTO conversation_messages (place, author, run, key, at, message) VALUES (?, ?, ?, ?, ?, ?)
