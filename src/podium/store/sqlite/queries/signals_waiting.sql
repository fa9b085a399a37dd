SELECT id, kind, name, body, at FROM signals WHERE run = ? AND taken = 0 ORDER BY n
