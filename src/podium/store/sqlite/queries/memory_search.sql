SELECT m.key, m.value, m.version, m.at FROM memory_text t JOIN memory m ON m.n = t.rowid
WHERE memory_text MATCH ? AND m.scope = ? ORDER BY bm25(memory_text), m.key LIMIT ?
