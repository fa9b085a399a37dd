INSERT INTO memory_writes (writer, scope, key, what, version, at, until, length) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (writer, scope, key, what) DO UPDATE
SET version = excluded.version, at = excluded.at, until = excluded.until, length = excluded.length
