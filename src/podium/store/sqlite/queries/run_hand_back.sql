UPDATE runs SET state = 'ready', owner = NULL, ready_at = (julianday('now') - 2440587.5) * 86400.0 WHERE n = ? AND owner = ? AND state = 'running'
RETURNING n, priority, strikes, queue, epoch, tenant, id, affinity IS NOT NULL
