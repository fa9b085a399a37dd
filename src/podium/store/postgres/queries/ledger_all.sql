SELECT n, run, facts, head, state, hash FROM ledger ORDER BY n
