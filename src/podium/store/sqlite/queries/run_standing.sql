SELECT n, state, epoch, owner, priority, strikes, queue, parent FROM runs WHERE id = ?
