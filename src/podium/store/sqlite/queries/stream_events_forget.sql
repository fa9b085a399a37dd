DELETE FROM stream_events WHERE run IN (SELECT value FROM JSON_EACH(?))
