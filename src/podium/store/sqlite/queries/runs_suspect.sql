SELECT n, priority, strikes FROM runs
WHERE state = 'ready' AND strikes >= 2 AND workflow IN (SELECT value FROM json_each(?))
ORDER BY strikes DESC, n LIMIT ?
