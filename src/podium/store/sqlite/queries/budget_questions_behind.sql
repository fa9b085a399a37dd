SELECT q.id FROM budget_questions b JOIN questions q ON q.id = b.id
WHERE b.lead = ?1 AND b.id <> ?1 AND q.state = 'open'
ORDER BY q.asked_at, q.id
