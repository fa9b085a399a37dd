INSERT INTO memory_locks (scope, key, token, holder, until) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (scope, key) DO UPDATE SET token = excluded.token, holder = excluded.holder, until = excluded.until
