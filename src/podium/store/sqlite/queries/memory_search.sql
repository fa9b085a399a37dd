SELECT m.key, m.value, m.version, m.at, m.until FROM memory_text t JOIN memory m ON m.n = t.rowid
WHERE memory_text MATCH ?1 AND m.scope = ?2 AND (m.until IS NULL OR m.until > ?3) ORDER BY t.rank LIMIT ?4
