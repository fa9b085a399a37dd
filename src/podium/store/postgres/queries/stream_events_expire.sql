DELETE FROM stream_events WHERE run IN (SELECT run FROM stream_heads WHERE until <= %s)
