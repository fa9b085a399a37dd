UPDATE runs SET wake = wake + 1, state = 'ready', wake_at = NULL, ready_at = extract(epoch FROM clock_timestamp())
WHERE n IN (SELECT n FROM runs WHERE state = 'parked' AND wake_at <= %s ORDER BY n FOR NO KEY UPDATE SKIP LOCKED)
RETURNING n, priority, strikes, queue, epoch, tenant, id, affinity IS NOT NULL
