UPDATE runs SET state = 'ready', owner = NULL WHERE n = %s AND owner = %s AND state = 'running'
RETURNING n, priority, strikes, queue, epoch, tenant, id
