SELECT n, priority, strikes, queue, epoch, tenant, id FROM runs
WHERE state = 'ready' AND strikes >= 2 AND workflow = ANY (%(workflows)s::text[])
    AND (%(queues)s::text[] IS NULL OR queue = ANY (%(queues)s::text[]))
ORDER BY strikes DESC, n LIMIT %(limit)s
