SELECT n, priority, strikes, queue, state, owner FROM runs WHERE id = ?
