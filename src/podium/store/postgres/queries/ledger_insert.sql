INSERT INTO ledger (n, run, facts, head, state, hash)
SELECT * FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::bytea[], %s::text[], %s::bytea[])
