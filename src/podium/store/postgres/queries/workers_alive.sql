SELECT id, host, pid, born, beat FROM workers WHERE fenced = 0 AND id <> %s
