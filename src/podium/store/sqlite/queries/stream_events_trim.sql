DELETE FROM stream_events WHERE run = ? AND number <= ?
