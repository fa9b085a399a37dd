UPDATE questions SET assignee = %s, assignee_folded = %s WHERE id = %s AND state = 'open'
