SELECT id, host, pid, born, beat, since, version, queues, slots, lease, rates, fenced, d.at, d.by, d.why, drained_at,
    (SELECT count(*) FROM runs WHERE state = 'running' AND owner = workers.id),
    greatest(0.0, extract(epoch FROM clock_timestamp())::double precision - coalesce(heard_at, beat))
FROM workers LEFT JOIN drains d ON d.worker = id WHERE fenced = 0 ORDER BY since, id
