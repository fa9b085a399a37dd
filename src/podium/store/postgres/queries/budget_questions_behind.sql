SELECT q.id FROM budget_questions b JOIN questions q ON q.id = b.id
WHERE b.lead = %(lead)s AND b.id <> %(lead)s AND q.state = 'open'
ORDER BY q.asked_at, q.id
