INSERT INTO workers (id, host, pid, born, beat, since, version, queues, slots, lease)
SELECT ?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8, ?9 WHERE NOT EXISTS (SELECT 1 FROM moved)
