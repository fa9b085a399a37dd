SELECT r.n, r.id, r.workflow, r.version, r.state, r.epoch, r.queue, r.priority, r.created_at, r.ended_at, r.wake_at, r.parent,
    r.root, r.tenant, r.principal, r.owner, r.facts, r.reason, r.tag, r.wake, r.strikes, r.blocked,
    r.generation, r.since, r.affinity, f.place & 16777215, f.kind, f.key, f.at, f.epoch, f.body
FROM runs r CROSS JOIN LATERAL (
    SELECT * FROM facts
    WHERE place BETWEEN r.n << 24 AND (r.n << 24) + 16777215 AND kind IN (18, 24)
    ORDER BY place DESC LIMIT 1
) f
WHERE r.state IN ('failed', 'blocked') AND (r.state = 'failed' OR r.strikes > 0)
    AND r.n < %(n)s
    AND r.workflow = %(workflow)s
    AND EXISTS (SELECT 1 FROM facts a WHERE a.place BETWEEN r.n << 24 AND f.place AND a.kind = 2 AND json_of(a.body) ->> 'agent' = %(asked)s)
    AND r.tenant = %(tenant)s
    AND r.principal = %(principal)s
    AND r.tag = %(tag)s
    AND f.at >= %(since)s
    AND f.at < %(until)s
    AND (r.id ILIKE %(text)s OR r.tag ILIKE %(text)s OR r.workflow ILIKE %(text)s OR r.reason ILIKE %(text)s)
ORDER BY r.n DESC LIMIT %(limit)s
