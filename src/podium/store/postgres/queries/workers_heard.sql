SELECT host, pid, born FROM workers
WHERE fenced = 0 AND id <> %s AND extract(epoch FROM clock_timestamp()) - coalesce(heard_at, beat) <= lease
