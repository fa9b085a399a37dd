SELECT key, value, version, at, until FROM memory m WHERE scope = %(1)s AND (until IS NULL OR until > %(3)s)
AND NOT EXISTS (SELECT 1 FROM memory_vectors x WHERE x.n = m.n AND x.embedder = %(2)s) ORDER BY n LIMIT %(4)s
