DELETE FROM budget_waits WHERE run = ?
