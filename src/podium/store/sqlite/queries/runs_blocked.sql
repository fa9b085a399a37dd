SELECT n, priority, reason FROM runs WHERE state = 'blocked' AND workflow = ?
