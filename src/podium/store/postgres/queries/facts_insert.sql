INSERT INTO facts (place, kind, key, at, epoch, hash, salt, body, payload, blob, turn)
SELECT * FROM unnest(
    %s::bigint[], %s::bigint[], %s::text[], %s::double precision[], %s::bigint[], %s::bytea[], %s::bytea[], %s::bytea[],
    %s::bytea[], %s::bytea[], %s::bigint[]
)
