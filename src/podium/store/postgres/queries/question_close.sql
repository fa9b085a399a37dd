UPDATE questions SET state = %s WHERE id = %s AND state = 'open' RETURNING 1
