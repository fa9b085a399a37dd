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
    AND (principal = %(concerned)s OR n IN (SELECT q.run FROM questions q WHERE q.to_folded IN (SELECT jsonb_array_elements_text(%(concerning)s::jsonb)) AND NOT EXISTS (SELECT 1 FROM budget_questions b WHERE b.id = q.id AND b.lead <> b.id)))
    AND created_at >= %(since)s
    AND created_at < %(until)s
    AND (created_at, n) < (%(at)s, %(n)s)
    AND (r.id ILIKE %(text)s OR r.tag ILIKE %(text)s OR r.workflow ILIKE %(text)s OR r.reason ILIKE %(text)s)
ORDER BY created_at DESC, n DESC LIMIT %(limit)s
