DELETE FROM memory_locks WHERE scope = %s
