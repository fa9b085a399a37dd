INSERT INTO stream_heads (run, epoch, last, until) VALUES (%s, %s, %s, %s)
ON CONFLICT (run) DO UPDATE SET epoch = excluded.epoch, last = excluded.last, until = excluded.until
