DELETE FROM stream_events WHERE run = %s AND number <= %s
