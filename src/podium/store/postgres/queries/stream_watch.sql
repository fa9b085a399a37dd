INSERT INTO stream_watches (run, reader, until) VALUES (%s, %s, %s) ON CONFLICT (run, reader) DO UPDATE SET until = excluded.until
