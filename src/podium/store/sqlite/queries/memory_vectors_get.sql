SELECT v, numbers, n FROM memory_vectors WHERE v IN (SELECT value FROM json_each(?1))
