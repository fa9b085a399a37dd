INSERT INTO reservations (id, run, parts) VALUES (?, ?, ?)
