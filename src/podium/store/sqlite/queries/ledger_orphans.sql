SELECT DISTINCT run FROM ledger l
WHERE run NOT IN (SELECT id FROM runs)
    AND (SELECT state FROM ledger WHERE run = l.run ORDER BY n DESC LIMIT 1) <> 'pruned'
