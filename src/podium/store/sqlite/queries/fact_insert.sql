INSERT INTO facts (place, kind, key, at, epoch, hash, salt, body, payload, blob)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
