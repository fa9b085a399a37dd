UPDATE runs SET state = 'running', epoch = epoch + 1, owner = %s, wake_at = NULL
WHERE id = %s AND state <> 'running'
RETURNING n
