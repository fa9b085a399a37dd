DELETE FROM budget_questions WHERE run = ?
