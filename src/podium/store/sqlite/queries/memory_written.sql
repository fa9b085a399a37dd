SELECT version, at, until, length FROM memory_writes WHERE writer = ? AND scope = ? AND key = ? AND what = ?
