SELECT number, epoch, text FROM stream_events WHERE run = %s AND number <= %s ORDER BY number DESC LIMIT 1
