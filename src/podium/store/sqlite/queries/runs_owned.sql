SELECT n, priority, strikes FROM runs WHERE state = 'running' AND owner = ?
