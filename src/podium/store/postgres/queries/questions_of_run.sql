SELECT id, run_id, key, kind, text, subject, schema, "to", quorum, asked_at, deadline, tenant, state, principal, step, idempotency_key,
    (SELECT coalesce(json_agg(json_build_array(a.at, a.by)), '[]')::text FROM answers a WHERE a.question = questions.id), remind, assignee, to_folded, assignee_folded
FROM questions
WHERE run = (SELECT n FROM runs WHERE id = %s) ORDER BY asked_at, id
