-- A run that became ready within `wait` seconds is left to the worker that drove the last one of its affinity, where that
-- is another than `worker`, lives, serves the queue and has a slot.
WITH occupied AS MATERIALIZED (
    SELECT r.owner AS worker, CASE WHEN w.queues IS NOT NULL THEN r.queue END AS queue
    FROM runs r JOIN workers w ON w.id = r.owner WHERE r.state = 'running'
    GROUP BY 1, 2 HAVING count(*) >= max(w.slots)
)
SELECT n, priority, strikes, queue, epoch, tenant, id FROM runs
WHERE state = 'ready' AND strikes < 2 AND workflow = ANY (%(workflows)s::text[])
    AND (%(queues)s::text[] IS NULL OR queue = ANY (%(queues)s::text[]))
    AND (affinity IS NULL OR ready_at <= extract(epoch FROM clock_timestamp()) - %(wait)s::double precision OR NOT EXISTS (
        SELECT 1 FROM affinities a JOIN workers w ON w.id = a.worker
        WHERE a.tenant = runs.tenant AND a.affinity = runs.affinity AND w.id <> %(worker)s AND w.fenced = 0
            AND (w.queues IS NULL OR w.queues::jsonb ? runs.queue)
            AND NOT EXISTS (SELECT 1 FROM drains d WHERE d.worker = w.id)
            AND NOT EXISTS (SELECT 1 FROM occupied o WHERE o.worker = w.id AND (o.queue IS NULL OR o.queue = runs.queue))
    ))
ORDER BY priority DESC, n LIMIT %(limit)s
