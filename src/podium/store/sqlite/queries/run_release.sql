UPDATE runs SET state = ?, owner = NULL, wake_at = NULL, reason = ?, version = ?, ended_at = ?, facts = ?, head = ? WHERE n = ?
RETURNING priority
