REPLACE INTO stream_events (run, number, epoch, text) VALUES (?, ?, ?, ?)
