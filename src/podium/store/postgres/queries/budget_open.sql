INSERT INTO budgets (id, usd_limit, tokens_limit, calls_limit) VALUES (%s, %s, %s, %s)
ON CONFLICT (id) DO UPDATE
SET usd_limit = excluded.usd_limit, tokens_limit = excluded.tokens_limit, calls_limit = excluded.calls_limit
