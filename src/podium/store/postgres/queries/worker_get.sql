SELECT id, host, pid, born, beat, since, version, queues, slots, lease, rates, fenced, d.at, d.by, d.why, drained_at,
    (SELECT count(*) FROM runs WHERE state = 'running' AND owner = workers.id)
FROM workers LEFT JOIN drains d ON d.worker = id WHERE id = %s
