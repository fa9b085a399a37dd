SELECT value, run, key, usd FROM answers_kept
WHERE digest = %s AND agent = %s AND version = %s AND tenant = %s AND until > %s
