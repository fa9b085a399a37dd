INSERT INTO reservations (id, run, parts, escrow) VALUES (?, ?, ?, ?)
