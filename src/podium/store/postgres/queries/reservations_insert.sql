INSERT INTO reservations (id, run, parts, escrow)
SELECT id, run, parts::jsonb, escrow <> 0
FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::bigint[]) AS r (id, run, parts, escrow)
