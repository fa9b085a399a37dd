UPDATE runs SET state = 'ready', owner = NULL, ready_at = extract(epoch FROM clock_timestamp())
WHERE n IN (SELECT n FROM runs WHERE state = 'running' AND owner = %s ORDER BY n FOR NO KEY UPDATE)
RETURNING n, priority, strikes, queue, epoch, tenant, id
