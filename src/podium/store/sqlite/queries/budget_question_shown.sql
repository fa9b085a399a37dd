SELECT q.id FROM budget_questions b JOIN questions q ON q.id = b.id
WHERE b.budget = ?1 AND b.lead = b.id AND q.state = 'open' AND q."to" = ?2 AND (q.deadline IS NULL OR q.deadline > ?3)
ORDER BY q.asked_at, q.id LIMIT 1
