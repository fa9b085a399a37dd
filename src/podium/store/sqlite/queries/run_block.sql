UPDATE runs SET state = 'blocked', owner = NULL, wake_at = NULL, reason = ?, facts = ?, head = ? WHERE n = ?
