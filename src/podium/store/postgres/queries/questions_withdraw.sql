-- Of those that people are shown, the oldest open one behind each is shown in its place.
WITH gone AS (
    UPDATE questions SET state = 'withdrawn' WHERE run = ANY (%s::bigint[]) AND state = 'open' RETURNING id
), next AS (
    SELECT DISTINCT ON (b.lead) b.lead, b.id
    FROM budget_questions b JOIN questions q ON q.id = b.id
    WHERE b.lead IN (SELECT id FROM gone) AND b.id <> b.lead AND q.state = 'open' AND q.id NOT IN (SELECT id FROM gone)
    ORDER BY b.lead, q.asked_at, q.id
)
UPDATE budget_questions b SET lead = next.id FROM next WHERE b.lead = next.lead AND b.id <> next.lead
