SELECT embedder FROM memory_vectors WHERE scope = ?1 AND embedder < ?2
UNION ALL SELECT embedder FROM memory_vectors WHERE scope = ?1 AND embedder > ?2 LIMIT 1
