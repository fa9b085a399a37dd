UPDATE runs SET state = 'parked', owner = NULL, strikes = 0, wake_at = ?, facts = ?, head = ? WHERE n = ?
