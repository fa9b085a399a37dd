SELECT id, usd_limit, tokens_limit, calls_limit, usd_reserved, tokens_reserved, calls_reserved, usd_spent, tokens_spent,
    calls_spent, usd_in_doubt, usd_wanted, tokens_wanted, calls_wanted
FROM budgets WHERE id = ANY (%s::text[]) ORDER BY id FOR NO KEY UPDATE
