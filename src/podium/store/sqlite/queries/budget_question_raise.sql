UPDATE budget_questions SET raised = 1 WHERE id = (SELECT lead FROM budget_questions WHERE id = ?) AND NOT raised
