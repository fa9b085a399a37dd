SELECT r.id, f.seq, f.hash FROM runs r JOIN facts f ON f.run = r.n WHERE r.n = ? ORDER BY f.seq DESC LIMIT 1
