SELECT key, value, version, at, until FROM memory m WHERE scope = ?1 AND (until IS NULL OR until > ?3)
AND NOT EXISTS (SELECT 1 FROM memory_vectors x WHERE x.n = m.n AND x.embedder = ?2) ORDER BY n LIMIT ?4
