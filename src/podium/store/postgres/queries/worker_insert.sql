INSERT INTO workers (id, host, pid, born, beat) VALUES (%s, %s, %s, %s, %s)
