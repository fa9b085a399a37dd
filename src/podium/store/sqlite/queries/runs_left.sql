SELECT id FROM runs
WHERE id IN (SELECT value FROM json_each(?)) AND state NOT IN ('ready', 'running', 'parked')
