SELECT id, run_id, key, kind, text, subject, schema, "to", quorum, asked_at, deadline, tenant, state, principal
FROM questions
WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR "to" = ?2) AND (?3 IS NULL OR run_id = ?3)
ORDER BY asked_at, id
