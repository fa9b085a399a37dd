SELECT n, priority, reason FROM runs WHERE state = 'blocked' AND strikes = 0 AND workflow = ?
