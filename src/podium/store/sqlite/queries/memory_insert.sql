INSERT INTO memory (scope, key, value, version, writer, at) VALUES (?, ?, ?, 1, ?, ?)
