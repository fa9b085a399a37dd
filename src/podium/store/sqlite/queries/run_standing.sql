SELECT n, state, epoch, owner, priority, strikes, queue, parent, tenant, id, affinity IS NOT NULL FROM runs WHERE id = ?
