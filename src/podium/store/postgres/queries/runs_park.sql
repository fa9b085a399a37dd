UPDATE runs SET state = 'parked', owner = NULL, strikes = 0, wake_at = p.wake_at, facts = p.facts, head = p.head
FROM unnest(%s::bigint[], %s::double precision[], %s::bigint[], %s::bytea[]) AS p (n, wake_at, facts, head)
WHERE runs.n = p.n
