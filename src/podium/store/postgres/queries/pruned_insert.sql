INSERT INTO pruned (number, run, facts, head, state, at, by, why, signature) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
