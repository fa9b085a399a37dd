SELECT v, signs FROM memory_vectors WHERE scope = %s AND embedder = %s AND v > %s ORDER BY v
