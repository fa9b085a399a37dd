UPDATE runs SET state = 'ready', wake_at = NULL, reason = '', ready_at = extract(epoch FROM clock_timestamp())
WHERE n IN (SELECT n FROM runs WHERE state = 'blocked' AND strikes = 0 AND workflow = %s ORDER BY n FOR NO KEY UPDATE)
    AND state = 'blocked' AND strikes = 0
RETURNING n, priority, strikes, queue, epoch, tenant, id, affinity IS NOT NULL
