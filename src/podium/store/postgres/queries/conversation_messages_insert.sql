INSERT INTO conversation_messages (place, author, run, number, key, at, message)
SELECT * FROM unnest(
    %s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::double precision[], %s::bytea[]
)
