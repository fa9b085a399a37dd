DELETE FROM blobs WHERE hash = ANY (%s::bytea[]) AND NOT EXISTS (SELECT 1 FROM facts WHERE facts.blob = blobs.hash)
