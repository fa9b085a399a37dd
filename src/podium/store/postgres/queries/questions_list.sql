SELECT id, run_id, key, kind, text, subject, schema, "to", quorum, asked_at, deadline, tenant, state, principal, step, idempotency_key,
    (SELECT coalesce(json_agg(json_build_array(a.at, a.by)), '[]')::text FROM answers a WHERE a.question = questions.id), remind, assignee
FROM questions
WHERE NOT EXISTS (SELECT 1 FROM budget_questions b WHERE b.id = questions.id AND b.lead <> b.id)
    AND id >= %(prefix)s AND id < %(beyond)s
    AND run = (SELECT n FROM runs WHERE id = %(run)s)
    AND state = %(open)s
    AND state = %(state)s
    AND ("to" = %(to)s OR to_folded = %(to_folded)s)
    AND (assignee = %(assignee)s OR assignee_folded = %(assignee_folded)s)
    AND tenant = %(tenant)s
    AND principal = %(principal)s
    AND run IN (SELECT n FROM runs WHERE tag = %(tag)s)
    AND asked_at >= %(since)s
    AND asked_at < %(until)s
    AND (asked_at, id) > (%(at)s, %(id)s)
    AND (id ILIKE %(text)s OR text ILIKE %(text)s OR "to" ILIKE %(text)s OR run_id ILIKE %(text)s)
ORDER BY asked_at, id LIMIT %(limit)s
