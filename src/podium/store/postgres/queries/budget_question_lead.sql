SELECT lead FROM budget_questions WHERE id = %s
