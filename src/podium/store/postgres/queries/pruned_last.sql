SELECT run, facts, head, state, at, by, why, signature FROM pruned WHERE run = %s ORDER BY number DESC LIMIT 1
