UPDATE questions SET state = ? WHERE id = ? AND state = 'open'
