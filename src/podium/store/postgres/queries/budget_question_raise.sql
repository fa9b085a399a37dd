UPDATE budget_questions SET raised = true
WHERE id = (SELECT lead FROM budget_questions WHERE id = %s) AND NOT raised
RETURNING 1
