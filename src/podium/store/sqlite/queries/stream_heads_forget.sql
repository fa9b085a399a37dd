DELETE FROM stream_heads WHERE run IN (SELECT value FROM JSON_EACH(?))
