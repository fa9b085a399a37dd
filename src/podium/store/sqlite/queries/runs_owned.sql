SELECT n, priority FROM runs WHERE state = 'running' AND owner = ?
