INSERT OR IGNORE INTO signals (run, n, id, kind, name, at, body)
SELECT ?1, coalesce(max(n), 0) + 1, ?2, ?3, ?4, ?5, ?6 FROM signals WHERE run = ?1
