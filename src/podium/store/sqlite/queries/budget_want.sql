UPDATE budgets
SET usd_wanted = MAX(usd_wanted, ?2), tokens_wanted = MAX(tokens_wanted, ?3), calls_wanted = MAX(calls_wanted, ?4)
WHERE id = ?1
