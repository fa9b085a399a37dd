UPDATE runs SET state = p.state, owner = NULL, wake_at = NULL, strikes = 0, ended_at = p.ended_at, reason = p.reason,
    facts = p.facts, head = p.head
FROM unnest(%s::bigint[], %s::text[], %s::double precision[], %s::text[], %s::bigint[], %s::bytea[])
    AS p (n, state, ended_at, reason, facts, head)
WHERE runs.n = p.n
