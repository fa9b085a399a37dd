INSERT INTO memory (scope, key, value, version, writer, at, until) VALUES (?, ?, ?, 1, ?, ?, ?) RETURNING n, version
