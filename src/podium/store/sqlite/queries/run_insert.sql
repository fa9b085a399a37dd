INSERT INTO runs (
    n, id, workflow, version, state, epoch, wake, owner, queue, priority, facts, head,
    tenant, principal, parent, root, tag, created_at, reason, generation, since, affinity, ready_at
) VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?, ?, ?, CASE ?5 WHEN 'ready' THEN (julianday('now') - 2440587.5) * 86400.0 END)
