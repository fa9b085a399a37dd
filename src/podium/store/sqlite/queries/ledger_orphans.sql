-- An entry that the key was replaced names the new key, not a run.
SELECT DISTINCT run FROM ledger l
WHERE state <> 'rotated' AND run NOT IN (SELECT id FROM runs)
    AND (SELECT state FROM ledger WHERE run = l.run AND state <> 'rotated' ORDER BY n DESC LIMIT 1) <> 'pruned'
