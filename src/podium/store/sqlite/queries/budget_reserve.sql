UPDATE budgets
SET usd_reserved = usd_reserved + ?2, tokens_reserved = tokens_reserved + ?3, calls_reserved = calls_reserved + ?4
WHERE id = ?1
    AND (usd_limit IS NULL OR ?2 = 0 OR usd_spent + usd_reserved + ?2 <= usd_limit)
    AND (tokens_limit IS NULL OR ?3 = 0 OR tokens_spent + tokens_reserved + ?3 <= tokens_limit)
    AND (calls_limit IS NULL OR ?4 = 0 OR calls_spent + calls_reserved + ?4 <= calls_limit)
