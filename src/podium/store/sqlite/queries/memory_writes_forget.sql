DELETE FROM memory_writes WHERE at < ?
