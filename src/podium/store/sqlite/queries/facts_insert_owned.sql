INSERT INTO facts (place, kind, key, at, epoch, hash, salt, body, payload, blob)
SELECT * FROM (VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?, ?))
WHERE EXISTS (SELECT 1 FROM runs WHERE n = ? AND epoch = ? AND owner = ?)
