UPDATE budgets SET usd_limit = usd_spent, tokens_limit = tokens_spent, calls_limit = calls_spent WHERE id = ?
