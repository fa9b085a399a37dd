SELECT q.id FROM budget_questions b JOIN questions q ON q.id = b.id
WHERE b.budget = %s AND b.lead = b.id AND q.state = 'open' AND q."to" = %s AND (q.deadline IS NULL OR q.deadline > %s)
ORDER BY q.asked_at, q.id LIMIT 1 FOR NO KEY UPDATE
