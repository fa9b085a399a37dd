UPDATE shared_states SET until = %s, state = %s WHERE name = %s AND state = %s
