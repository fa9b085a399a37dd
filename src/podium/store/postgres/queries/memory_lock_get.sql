SELECT token, holder, until FROM memory_locks WHERE scope = %s AND key = %s
