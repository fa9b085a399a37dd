SELECT n, state, priority FROM runs WHERE id = ?
