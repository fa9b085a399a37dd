DELETE FROM shared_states WHERE name IN (SELECT name FROM shared_states WHERE name > ? ORDER BY name LIMIT ?) AND until < ?
