SELECT id, run_id, key, kind, text, subject, schema, "to", quorum, asked_at, deadline, tenant, state, principal, step, idempotency_key,
    (SELECT json_group_array(json_array(at, by)) FROM answers WHERE question = questions.id), remind, assignee, to_folded, assignee_folded
FROM questions
WHERE run = (SELECT n FROM runs WHERE id = ?) ORDER BY asked_at, id
