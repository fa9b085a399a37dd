SELECT version, at, until, length FROM memory_writes WHERE writer = %s AND scope = %s AND key = %s AND what = %s
