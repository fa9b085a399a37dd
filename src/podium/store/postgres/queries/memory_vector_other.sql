(SELECT embedder FROM memory_vectors WHERE scope = %(1)s AND embedder < %(2)s LIMIT 1)
UNION ALL (SELECT embedder FROM memory_vectors WHERE scope = %(1)s AND embedder > %(2)s LIMIT 1) LIMIT 1
