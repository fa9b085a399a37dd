INSERT INTO workers (id, host, pid, born, beat, since, version, queues, slots, lease, heard_at)
SELECT ?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8, ?9, (julianday('now') - 2440587.5) * 86400.0 WHERE NOT EXISTS (SELECT 1 FROM moved)
