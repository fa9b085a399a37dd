SELECT token, holder, until FROM memory_locks WHERE scope = ? AND key = ?
