INSERT INTO memory (scope, key, value, version, writer, at, until)
VALUES (?, ?, ?, 1 + coalesce((SELECT version FROM memory_gone), 0), ?, ?, ?) RETURNING n, version
