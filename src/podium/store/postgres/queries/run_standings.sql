SELECT id, n, state, epoch, owner, priority, strikes, queue, parent, tenant, id FROM runs
WHERE id = ANY (%s::text[]) ORDER BY n FOR NO KEY UPDATE
