UPDATE runs SET state = 'parked', owner = NULL, wake_at = ?, facts = ?, head = ? WHERE n = ?
