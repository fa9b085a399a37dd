-- Entries of keys, delegations, workers and actions are of no run.
SELECT DISTINCT run FROM ledger l
WHERE state NOT IN ('rotated', 'granted', 'revoked', 'drained', 'away', 'key made', 'key issued', 'key revoked', 'acted') AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.id = l.run)
    AND (
        SELECT state FROM ledger o WHERE o.run = l.run AND o.state NOT IN ('rotated', 'granted', 'revoked', 'drained', 'away', 'key made', 'key issued', 'key revoked', 'acted') ORDER BY n DESC LIMIT 1
    ) <> 'pruned'
ORDER BY run
