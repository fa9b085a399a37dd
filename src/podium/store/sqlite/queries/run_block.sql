UPDATE runs SET state = 'blocked', owner = NULL, wake_at = NULL, strikes = CASE WHEN ? THEN strikes ELSE 0 END, reason = ?,
    facts = ?, head = ?
WHERE n = ?
