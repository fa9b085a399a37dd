INSERT INTO shared_states (name, until, state) VALUES (?, ?, ?) ON CONFLICT DO NOTHING
