SELECT n, facts, head, state FROM ledger WHERE run = ? ORDER BY n
