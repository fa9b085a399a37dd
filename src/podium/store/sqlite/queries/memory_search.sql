-- What is long is read of those alone that are given: what is sorted is small.
SELECT e.key, e.value, e.version, e.at, e.until
FROM (
    SELECT m.n, t.rank FROM memory_text t JOIN memory m ON m.n = t.rowid
    WHERE memory_text MATCH ?1 AND m.scope = ?2 AND (m.until IS NULL OR m.until > ?3) ORDER BY t.rank LIMIT ?4
) found JOIN memory e ON e.n = found.n ORDER BY found.rank
