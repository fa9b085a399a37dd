SELECT run, facts, head, state, at, by, why, signature FROM pruned WHERE run = ? ORDER BY number DESC LIMIT 1
