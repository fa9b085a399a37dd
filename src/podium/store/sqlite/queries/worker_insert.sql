INSERT INTO workers (id, host, pid, born, beat) VALUES (?, ?, ?, ?, ?)
