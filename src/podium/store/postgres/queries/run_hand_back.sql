UPDATE runs SET state = 'ready', owner = NULL, ready_at = extract(epoch FROM clock_timestamp()) WHERE n = %s AND owner = %s AND state = 'running'
RETURNING n, priority, strikes, queue, epoch, tenant, id, affinity IS NOT NULL
