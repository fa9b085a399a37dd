SELECT DISTINCT r.n FROM runs r JOIN signals s ON s.run = r.n AND s.taken = 0
WHERE r.owner = ? AND r.state = 'running'
