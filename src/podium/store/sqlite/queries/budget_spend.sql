-- What was drawn and came to ?2, ?3, ?4, if there is room for ?5 times as much, beside what somebody else wants.
UPDATE budgets
SET usd_spent = usd_spent + ?2, tokens_spent = tokens_spent + ?3, calls_spent = calls_spent + ?4
WHERE id = ?1
    AND (usd_limit IS NULL OR ?2 = 0 OR usd_spent + usd_reserved + ?2 * ?5 + usd_wanted <= usd_limit)
    AND (tokens_limit IS NULL OR ?3 = 0 OR tokens_spent + tokens_reserved + ?3 * ?5 + tokens_wanted <= tokens_limit)
    AND (calls_limit IS NULL OR ?4 = 0 OR calls_spent + calls_reserved + ?4 * ?5 + calls_wanted <= calls_limit)
