UPDATE budgets
SET usd_reserved = usd_reserved - ?2, tokens_reserved = tokens_reserved - ?3, calls_reserved = calls_reserved - ?4,
    usd_spent = usd_spent + ?5, tokens_spent = tokens_spent + ?6, calls_spent = calls_spent + ?7,
    usd_in_doubt = usd_in_doubt + ?8
WHERE id = ?1
