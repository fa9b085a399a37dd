DELETE FROM budget_waits WHERE id = %s
