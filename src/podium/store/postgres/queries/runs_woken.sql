SELECT DISTINCT r.n FROM runs r JOIN signals s ON s.run = r.n AND NOT s.taken WHERE r.owner = %s AND r.state = 'running'
