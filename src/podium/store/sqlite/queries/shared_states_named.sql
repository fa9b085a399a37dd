SELECT name, state FROM shared_states WHERE name >= ? AND name < ? ORDER BY name
