UPDATE questions SET state = 'withdrawn' WHERE run = ? AND state = 'open' RETURNING id
