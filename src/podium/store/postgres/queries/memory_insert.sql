INSERT INTO memory (scope, key, value, version, writer, at, until)
VALUES (%s, %s, %s, 1 + coalesce((SELECT version FROM memory_gone), 0), %s, %s, %s) RETURNING n, version
