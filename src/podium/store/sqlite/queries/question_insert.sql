INSERT OR IGNORE INTO questions (
    id, run, run_id, key, kind, text, subject, schema, "to", quorum, asked_at, deadline, tenant, principal, step,
    idempotency_key, to_folded, remind, assignee, assignee_folded, state
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open')
