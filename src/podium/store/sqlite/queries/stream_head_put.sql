REPLACE INTO stream_heads (run, epoch, last, until) VALUES (?, ?, ?, ?)
