SELECT n, id, workflow, version, state, epoch, queue, priority, created_at, ended_at, wake_at, parent, root, tenant,
    principal, owner, facts, reason, tag, wake, strikes, blocked, generation, since, affinity
FROM runs r
WHERE true
    AND id >= %(prefix)s AND id < %(beyond)s AND (parent IS NULL OR parent < %(prefix)s OR parent >= %(beyond)s)
    AND tag = %(tag)s
    AND parent = %(parent)s
    AND workflow = %(workflow)s
    AND state = %(state)s
    AND principal = %(principal)s
    AND tenant = %(tenant)s
    AND created_at >= %(since)s
    AND created_at < %(until)s
    AND (created_at, n) < (%(at)s, %(n)s)
    AND (r.id ILIKE %(text)s OR r.tag ILIKE %(text)s OR r.workflow ILIKE %(text)s OR r.reason ILIKE %(text)s)
ORDER BY created_at DESC, n DESC LIMIT %(limit)s
