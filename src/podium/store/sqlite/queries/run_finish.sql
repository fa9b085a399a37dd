UPDATE runs SET state = ?, owner = NULL, wake_at = NULL, ended_at = ?, reason = ?, facts = ?, head = ? WHERE n = ?
RETURNING parent
