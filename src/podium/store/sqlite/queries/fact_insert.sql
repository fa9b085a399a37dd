INSERT INTO facts (run, seq, kind, key, at, epoch, hash, salt, body, payload, blob)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
