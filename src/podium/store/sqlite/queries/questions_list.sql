SELECT id, run_id, key, kind, text, subject, schema, "to", quorum, asked_at, deadline, tenant, state, principal
FROM questions
WHERE id NOT IN (SELECT id FROM budget_questions WHERE lead <> id)
    AND id >= :prefix AND id < :beyond
    AND run = (SELECT n FROM runs WHERE id = :run)
    AND state = 'open' -- :open
    AND state = :state
    AND "to" = :to
    AND tenant = :tenant
    AND principal = :principal
    AND run IN (SELECT n FROM runs WHERE tag = :tag)
    AND asked_at >= :since
    AND asked_at < :until
    AND (asked_at, id) > (:at, :id)
    AND (id LIKE :text ESCAPE '\' OR text LIKE :text ESCAPE '\' OR "to" LIKE :text ESCAPE '\' OR run_id LIKE :text ESCAPE '\')
ORDER BY asked_at, id LIMIT :limit
