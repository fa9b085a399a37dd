SELECT id, usd_limit, tokens_limit, calls_limit, usd_reserved, tokens_reserved, calls_reserved, usd_spent, tokens_spent,
    calls_spent, usd_in_doubt
FROM budgets
WHERE true
    AND id >= %(prefix)s AND id < %(beyond)s
    AND id > %(id)s
    AND (id = 'tenant:' || %(tenant)s::text OR starts_with(id, 'tenant:' || %(tenant)s::text) AND substr(id, 8 + length(%(tenant)s::text)) ~ '^/[0-9]{4}-[0-9]{2}(-[0-9]{2})?$' OR starts_with(id, 'run:') AND EXISTS (SELECT 1 FROM runs r WHERE r.id = substr(budgets.id, 5) AND r.tenant = %(tenant)s))
    AND starts_with(id, 'run:') AND EXISTS (SELECT 1 FROM runs r WHERE r.id = substr(budgets.id, 5) AND r.principal = %(principal)s)
    AND starts_with(id, 'run:') AND EXISTS (SELECT 1 FROM runs r WHERE r.id = substr(budgets.id, 5) AND r.tag = %(tag)s)
    AND id ILIKE %(text)s
ORDER BY id LIMIT %(limit)s
