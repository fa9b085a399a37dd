-- A run that was pruned is over: what follows is of another one, which was given the same id. Entries of keys, delegations and workers are of no run.
SELECT n, facts, head, state FROM ledger
WHERE run = ?1 AND state NOT IN ('rotated', 'granted', 'revoked', 'drained', 'away', 'key made', 'key issued', 'key revoked', 'acted')
    AND n > COALESCE((SELECT MAX(n) FROM ledger WHERE run = ?1 AND state = 'pruned'), 0)
ORDER BY n
