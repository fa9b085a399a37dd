UPDATE runs SET state = 'running', epoch = epoch + 1, owner = ?, wake_at = NULL
WHERE n = ? AND state = 'ready'
