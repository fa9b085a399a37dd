SELECT n, priority FROM runs WHERE state = 'blocked' AND workflow = ?
