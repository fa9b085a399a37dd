INSERT INTO runs (
    n, id, workflow, version, state, epoch, wake, owner, queue, priority, facts, head,
    tenant, principal, parent, root, tag, created_at, reason, generation, since
) VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?, ?)
