INSERT INTO blobs (hash, body) SELECT * FROM unnest(%s::bytea[], %s::bytea[]) AS b (hash, body) ORDER BY hash
ON CONFLICT DO NOTHING
