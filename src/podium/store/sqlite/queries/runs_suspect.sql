-- ?3: only those of these queues, as a JSON list; NULL is all.
SELECT n, priority, strikes, queue, epoch, tenant, id FROM runs
WHERE state = 'ready' AND strikes >= 2 AND workflow IN (SELECT value FROM json_each(?1))
    AND (?3 IS NULL OR queue IN (SELECT value FROM json_each(?3)))
ORDER BY strikes DESC, n LIMIT ?2
