SELECT v, signs FROM memory_vectors WHERE scope = ? AND embedder = ? AND v > ? ORDER BY v
