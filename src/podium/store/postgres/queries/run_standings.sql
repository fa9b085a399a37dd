SELECT id, n, state, epoch, owner, priority, strikes, queue, parent, tenant, id, affinity IS NOT NULL FROM runs
WHERE id = ANY (%s::text[]) ORDER BY n FOR NO KEY UPDATE
