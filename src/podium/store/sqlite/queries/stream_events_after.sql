SELECT number, epoch, text FROM stream_events WHERE run = ? AND number > ? ORDER BY number
