REPLACE INTO stream_watches (run, reader, until) VALUES (?, ?, ?)
