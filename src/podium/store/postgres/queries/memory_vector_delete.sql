DELETE FROM memory_vectors WHERE n = %s
