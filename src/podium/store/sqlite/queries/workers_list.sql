SELECT id, host, pid, born, beat, since, version, queues, slots, lease, rates, fenced, d.at, d.by, d.why, drained_at,
    (SELECT COUNT(*) FROM runs WHERE state = 'running' AND owner = workers.id),
    MAX(0.0, (julianday('now') - 2440587.5) * 86400.0 - COALESCE(heard_at, beat))
FROM workers LEFT JOIN drains d ON d.worker = id WHERE fenced = 0 ORDER BY since, id
