-- Entries of keys, delegations and workers are of no run.
SELECT DISTINCT run FROM ledger l
WHERE state NOT IN ('rotated', 'granted', 'revoked', 'drained', 'away') AND run NOT IN (SELECT id FROM runs)
    AND (
        SELECT state FROM ledger WHERE run = l.run AND state NOT IN ('rotated', 'granted', 'revoked', 'drained', 'away') ORDER BY n DESC LIMIT 1
    ) <> 'pruned'
