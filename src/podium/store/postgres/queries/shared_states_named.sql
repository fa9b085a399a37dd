SELECT name, state FROM shared_states WHERE name >= %s AND name < %s ORDER BY name
