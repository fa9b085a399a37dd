INSERT INTO signals (run, id, kind, name, at, body)
SELECT run, id, kind, name, at, body
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::double precision[], %s::bytea[]) WITH ORDINALITY
    AS s (run, id, kind, name, at, body, place)
ORDER BY place
ON CONFLICT (run, id) DO NOTHING
RETURNING run, id
