SELECT id, usd_limit, tokens_limit, calls_limit, usd_reserved, tokens_reserved, calls_reserved, usd_spent, tokens_spent,
    calls_spent, usd_in_doubt
FROM budgets
WHERE true
    AND id >= :prefix AND id < :beyond
    AND id > :id
    AND (id = 'tenant:' || :tenant OR substr(id, 1, 7 + length(:tenant)) = 'tenant:' || :tenant AND (substr(id, 8 + length(:tenant)) GLOB '/[0-9][0-9][0-9][0-9]-[0-9][0-9]' OR substr(id, 8 + length(:tenant)) GLOB '/[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]') OR id LIKE 'run:%' AND EXISTS (SELECT 1 FROM runs r WHERE r.id = substr(budgets.id, 5) AND r.tenant = :tenant))
    AND id LIKE 'run:%' AND EXISTS (SELECT 1 FROM runs r WHERE r.id = substr(budgets.id, 5) AND r.principal = :principal)
    AND id LIKE 'run:%' AND EXISTS (SELECT 1 FROM runs r WHERE r.id = substr(budgets.id, 5) AND r.tag = :tag)
    AND id LIKE :text ESCAPE '\'
ORDER BY id LIMIT :limit
