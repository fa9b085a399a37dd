SELECT r.n, r.id, r.workflow, r.version, r.state, r.epoch, r.queue, r.priority, r.created_at, r.ended_at, r.wake_at, r.parent,
    r.root, r.tenant, r.principal, r.owner, r.facts, r.reason, r.tag, r.wake, r.strikes, r.blocked,
    r.generation, r.since, r.affinity, f.place & 16777215, f.kind, f.key, f.at, f.epoch, f.body
FROM runs r INDEXED BY runs_dead CROSS JOIN facts f ON f.place = (
    SELECT place FROM facts
    WHERE place BETWEEN r.n << 24 AND (r.n << 24) + 16777215 AND kind IN (18, 24)
    ORDER BY place DESC LIMIT 1
)
WHERE r.state IN ('failed', 'blocked') AND (r.state = 'failed' OR r.strikes > 0)
    AND r.n < :n
    AND r.workflow = :workflow
    AND EXISTS (SELECT 1 FROM facts a WHERE a.place BETWEEN r.n << 24 AND f.place AND a.kind = 2 AND CAST(a.body AS TEXT) ->> '$.agent' = :asked)
    AND r.tenant = :tenant
    AND r.principal = :principal
    AND r.tag = :tag
    AND f.at >= :since
    AND f.at < :until
    AND (r.id LIKE :text ESCAPE '\' OR r.tag LIKE :text ESCAPE '\' OR r.workflow LIKE :text ESCAPE '\' OR r.reason LIKE :text ESCAPE '\')
ORDER BY r.n DESC LIMIT :limit
