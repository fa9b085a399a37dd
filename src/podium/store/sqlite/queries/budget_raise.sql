UPDATE budgets
SET usd_limit = usd_limit + ?2, tokens_limit = tokens_limit + ?3, calls_limit = calls_limit + ?4
WHERE id = ?1
