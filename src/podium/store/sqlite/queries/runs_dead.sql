SELECT r.n, r.id, r.workflow, r.version, r.state, r.epoch, r.queue, r.priority, r.created_at, r.ended_at, r.wake_at, r.parent,
    r.root, r.tenant, r.principal, r.owner, r.facts, r.reason, r.tag, r.wake, r.strikes, r.blocked,
    f.place & 16777215, f.kind, f.key, f.at, f.epoch, f.body
FROM runs r JOIN facts f ON f.place = (
    SELECT place FROM facts
    WHERE place BETWEEN r.n << 24 AND (r.n << 24) + 16777215 AND kind IN (18, 24)
    ORDER BY place DESC LIMIT 1
)
WHERE r.state IN ('failed', 'blocked') AND (r.state = 'failed' OR r.strikes > 0) AND r.n < ?1
    AND (?2 IS NULL OR r.workflow = ?2) AND (?3 IS NULL OR r.tenant = ?3) AND (?4 IS NULL OR f.at >= ?4)
ORDER BY r.n DESC LIMIT ?5
