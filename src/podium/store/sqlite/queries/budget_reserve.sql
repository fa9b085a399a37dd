-- ?5: how many times as much there has to be room for; where it is more than once, beside what somebody else wants.
UPDATE budgets
SET usd_reserved = usd_reserved + ?2, tokens_reserved = tokens_reserved + ?3, calls_reserved = calls_reserved + ?4,
    usd_wanted = usd_wanted * (usd_wanted > ?2), tokens_wanted = tokens_wanted * (tokens_wanted > ?3),
    calls_wanted = calls_wanted * (calls_wanted > ?4)
WHERE id = ?1
    AND (usd_limit IS NULL OR ?2 = 0 OR usd_spent + usd_reserved + ?2 * ?5 + usd_wanted * (?5 > 1) <= usd_limit)
    AND (tokens_limit IS NULL OR ?3 = 0
        OR tokens_spent + tokens_reserved + ?3 * ?5 + tokens_wanted * (?5 > 1) <= tokens_limit)
    AND (calls_limit IS NULL OR ?4 = 0 OR calls_spent + calls_reserved + ?4 * ?5 + calls_wanted * (?5 > 1) <= calls_limit)
