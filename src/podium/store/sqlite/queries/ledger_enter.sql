INSERT INTO ledger (n, run, facts, head, state, hash) VALUES (?, ?, ?, ?, ?, ?)
