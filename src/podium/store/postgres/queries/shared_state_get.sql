SELECT state FROM shared_states WHERE name = %s
