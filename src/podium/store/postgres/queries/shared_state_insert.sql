INSERT INTO shared_states (name, until, state) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING
