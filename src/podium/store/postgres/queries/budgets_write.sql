UPDATE budgets SET
    usd_limit = b.usd_limit, tokens_limit = b.tokens_limit, calls_limit = b.calls_limit,
    usd_reserved = b.usd_reserved, tokens_reserved = b.tokens_reserved, calls_reserved = b.calls_reserved,
    usd_spent = b.usd_spent, tokens_spent = b.tokens_spent, calls_spent = b.calls_spent, usd_in_doubt = b.usd_in_doubt,
    usd_wanted = b.usd_wanted, tokens_wanted = b.tokens_wanted, calls_wanted = b.calls_wanted
FROM unnest(
    %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
    %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[]
) AS b (
    id, usd_limit, tokens_limit, calls_limit, usd_reserved, tokens_reserved, calls_reserved, usd_spent, tokens_spent,
    calls_spent, usd_in_doubt, usd_wanted, tokens_wanted, calls_wanted
)
WHERE budgets.id = b.id
