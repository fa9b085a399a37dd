SELECT id, run_id, key, kind, text, subject, schema, "to", quorum, asked_at, deadline, tenant, state, principal, step, idempotency_key,
    (SELECT json_group_array(json_array(at, by)) FROM answers WHERE question = questions.id), remind, assignee
FROM questions
WHERE NOT EXISTS (SELECT 1 FROM budget_questions b WHERE b.id = questions.id AND b.lead <> b.id)
    AND id >= :prefix AND id < :beyond
    AND run = (SELECT n FROM runs WHERE id = :run)
    AND state = 'open' -- :open
    AND state = :state
    AND ("to" = :to OR to_folded = :to_folded)
    AND (assignee = :assignee OR assignee_folded = :assignee_folded)
    AND tenant = :tenant
    AND principal = :principal
    AND run IN (SELECT n FROM runs WHERE tag = :tag)
    AND asked_at >= :since
    AND asked_at < :until
    AND (asked_at, id) > (:at, :id)
    AND (id LIKE :text ESCAPE '\' OR text LIKE :text ESCAPE '\' OR "to" LIKE :text ESCAPE '\' OR run_id LIKE :text ESCAPE '\')
ORDER BY asked_at, id LIMIT :limit
