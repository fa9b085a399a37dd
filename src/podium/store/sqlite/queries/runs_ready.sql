SELECT n, priority, workflow FROM runs WHERE state = 'ready' ORDER BY priority DESC, n LIMIT ?
