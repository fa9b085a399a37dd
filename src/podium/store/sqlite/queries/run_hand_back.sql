UPDATE runs SET state = 'ready', owner = NULL WHERE n = ? AND owner = ? AND state = 'running'
RETURNING n, priority, strikes, queue, epoch, tenant, id
