SELECT n, priority, strikes, queue, epoch, tenant, id FROM runs WHERE state = 'running' AND owner = ?
