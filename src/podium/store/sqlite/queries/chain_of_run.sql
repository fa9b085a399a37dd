SELECT seq, kind, key, at, epoch, hash, digest, salt, body, payload, blob FROM facts
WHERE run = ? ORDER BY seq
