SELECT id, run_id, key, kind, text, subject, schema, "to", quorum, asked_at, deadline, tenant, state, principal
FROM questions
WHERE run = (SELECT n FROM runs WHERE id = ?) ORDER BY asked_at, id
