-- ?3: only those of these queues, as a JSON list; NULL is all. A run that became ready within ?5 seconds is left to the
-- worker that drove the last one of its affinity, where that is another than ?4, lives, serves the queue and has a slot.
WITH full AS MATERIALIZED (
    SELECT r.owner AS worker, CASE WHEN w.queues IS NOT NULL THEN r.queue END AS queue
    FROM runs r JOIN workers w ON w.id = r.owner WHERE r.state = 'running'
    GROUP BY 1, 2 HAVING COUNT(*) >= MAX(w.slots)
)
SELECT n, priority, strikes, queue, epoch, tenant, id FROM runs
WHERE state = 'ready' AND strikes < 2 AND workflow IN (SELECT value FROM json_each(?1))
    AND (?3 IS NULL OR queue IN (SELECT value FROM json_each(?3)))
    AND (affinity IS NULL OR ready_at <= (julianday('now') - 2440587.5) * 86400.0 - ?5 OR NOT EXISTS (
        SELECT 1 FROM affinities a JOIN workers w ON w.id = a.worker
        WHERE a.tenant = runs.tenant AND a.affinity = runs.affinity AND w.id <> ?4 AND w.fenced = 0
            AND (w.queues IS NULL OR runs.queue IN (SELECT value FROM json_each(w.queues)))
            AND NOT EXISTS (SELECT 1 FROM drains d WHERE d.worker = w.id)
            AND NOT EXISTS (SELECT 1 FROM full f WHERE f.worker = w.id AND (f.queue IS NULL OR f.queue = runs.queue))
    ))
ORDER BY priority DESC, n LIMIT ?2
