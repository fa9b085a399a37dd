DELETE FROM shared_states WHERE name = ? AND state = ?
