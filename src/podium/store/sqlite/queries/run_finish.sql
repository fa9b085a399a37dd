UPDATE runs SET state = ?, owner = NULL, wake_at = NULL, strikes = 0, ended_at = ?, reason = ?, facts = ?, head = ? WHERE n = ?
