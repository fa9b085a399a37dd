UPDATE questions SET assignee = ?, assignee_folded = ? WHERE id = ? AND state = 'open'
