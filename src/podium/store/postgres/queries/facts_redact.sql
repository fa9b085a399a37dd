UPDATE facts SET digest = r.digest, salt = NULL, body = r.body, payload = NULL, blob = NULL
FROM unnest(%s::bigint[], %s::bytea[], %s::bytea[]) AS r (place, digest, body) WHERE facts.place = r.place
