SELECT seq, kind, key, at, epoch, body, payload, blob FROM facts WHERE run = ? AND seq > ? ORDER BY seq
