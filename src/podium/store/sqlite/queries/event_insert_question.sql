-- Not of a question about a budget that stands behind another one.
INSERT INTO events (at, type, run, root, workflow, tenant, principal, question, "to", assignee, content)
SELECT COALESCE(?1, (julianday('now') - 2440587.5) * 86400.0), ?2, r.id, r.root, r.workflow, r.tenant, r.principal, q.id, q."to", q.assignee, ?4
FROM questions q JOIN runs r ON r.n = q.run
WHERE q.id = ?3 AND NOT EXISTS (SELECT 1 FROM budget_questions WHERE id = q.id AND lead <> id)
