SELECT n, state, epoch, owner, priority, strikes, queue, parent, tenant, id FROM runs WHERE id = ?
