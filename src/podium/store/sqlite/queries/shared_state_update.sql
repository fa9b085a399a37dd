UPDATE shared_states SET until = ?, state = ? WHERE name = ? AND state = ?
