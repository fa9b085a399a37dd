-- ?2: only those that wait for one of these versions of their workflow, as a JSON list; NULL is all.
SELECT n, priority, strikes, queue, epoch, tenant, id, affinity IS NOT NULL FROM runs
WHERE state = 'blocked' AND strikes = 0 AND workflow = ?1
    AND (?2 IS NULL OR blocked = 'missing_version' AND version IN (SELECT value FROM JSON_EACH(?2)))
