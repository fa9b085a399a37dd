INSERT INTO memory_writes (writer, scope, key, what, version, at) VALUES (?, ?, ?, ?, ?, ?)
