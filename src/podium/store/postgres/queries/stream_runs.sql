SELECT n, id, workflow, version, state, epoch, queue, priority, created_at, ended_at, wake_at, parent, root, tenant,
    principal, owner, facts, reason, tag, wake, strikes, blocked, generation, since, affinity
FROM runs WHERE id = ANY (%s::text[])
