-- Of those that people are shown, the oldest open one behind each is shown in its place. Given are those that are withdrawn, and what is shown.
WITH gone AS (
    UPDATE questions SET state = 'withdrawn' WHERE run = ANY (%s::bigint[]) AND state = 'open' RETURNING id, run
), next AS (
    SELECT DISTINCT ON (b.lead) b.lead, b.id
    FROM budget_questions b JOIN questions q ON q.id = b.id
    WHERE b.lead IN (SELECT id FROM gone) AND b.id <> b.lead AND q.state = 'open' AND q.id NOT IN (SELECT id FROM gone)
    ORDER BY b.lead, q.asked_at, q.id
), moved AS (
    UPDATE budget_questions b SET lead = next.id FROM next WHERE b.lead = next.lead AND b.id <> next.lead
)
SELECT gone.run, gone.id, next.id FROM gone LEFT JOIN next ON next.lead = gone.id ORDER BY gone.run, gone.id
