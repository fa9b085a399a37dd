DELETE FROM shared_states WHERE name = %s AND state = %s
