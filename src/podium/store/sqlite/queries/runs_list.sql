SELECT n, id, workflow, version, state, epoch, queue, priority, created_at, ended_at, wake_at, parent, root, tenant,
    principal, owner, facts, reason, tag, wake, strikes, blocked
FROM runs
WHERE (?1 IS NULL OR workflow = ?1) AND (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR parent = ?3)
    AND (?4 IS NULL OR tag = ?4)
ORDER BY n DESC LIMIT ?5
