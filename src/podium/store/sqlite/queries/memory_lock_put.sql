INSERT OR REPLACE INTO memory_locks (scope, key, token, holder, until) VALUES (?, ?, ?, ?, ?)
