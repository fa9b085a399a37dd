INSERT INTO questions (
    id, run, run_id, key, kind, text, subject, schema, "to", quorum, asked_at, deadline, tenant, principal, step,
    idempotency_key, to_folded, remind, assignee, assignee_folded, state
) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'open')
ON CONFLICT DO NOTHING
