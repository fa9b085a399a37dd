SELECT host, pid, born FROM workers
WHERE fenced = 0 AND id <> ? AND (julianday('now') - 2440587.5) * 86400.0 - COALESCE(heard_at, beat) <= lease
