INSERT INTO ledger (n, run, facts, head, state, hash) VALUES (%s, %s, %s, %s, %s, %s)
