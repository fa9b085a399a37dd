INSERT OR REPLACE INTO memory_writes (writer, scope, key, what, version, at, until, length) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
