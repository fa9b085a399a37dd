INSERT INTO stream_events (run, number, epoch, text) VALUES (%s, %s, %s, %s)
ON CONFLICT (run, number) DO UPDATE SET epoch = excluded.epoch, text = excluded.text
