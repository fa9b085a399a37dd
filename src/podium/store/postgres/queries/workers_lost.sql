SELECT id, host, pid, beat FROM workers WHERE fenced = 2 AND beat >= %s ORDER BY beat
