-- In the order given, but for questions about a budget that stand behind another one. Whoever commits is alone with the end of the ledger.
INSERT INTO events (position, at, type, run, root, workflow, tenant, principal, question, "to", assignee, content)
SELECT
    (SELECT coalesce(max(position), 0) FROM events) + row_number() OVER (ORDER BY e.place),
    coalesce(e.at, extract(epoch FROM clock_timestamp())), e.type, r.id, r.root, r.workflow, r.tenant, r.principal, q.id, q."to", q.assignee, e.content
FROM unnest(%s::double precision[], %s::text[], %s::bigint[], %s::text[], %s::text[]) WITH ORDINALITY e (at, type, run, question, content, place)
LEFT JOIN questions q ON q.id = e.question
JOIN runs r ON r.n = coalesce(e.run, q.run)
WHERE NOT EXISTS (SELECT 1 FROM budget_questions b WHERE b.id = e.question AND b.lead <> b.id)
