SELECT n, priority, strikes, queue FROM runs WHERE state = 'running' AND owner = ?
