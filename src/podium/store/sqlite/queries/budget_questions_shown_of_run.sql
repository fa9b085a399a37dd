SELECT q.id FROM budget_questions b JOIN questions q ON q.id = b.id
WHERE b.run = ? AND b.lead = b.id AND q.state = 'open'
