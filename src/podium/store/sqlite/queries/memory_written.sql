SELECT version, at FROM memory_writes WHERE writer = ? AND scope = ? AND key = ? AND what = ?
