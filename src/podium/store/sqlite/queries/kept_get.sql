SELECT value, run, key, usd FROM answers_kept
WHERE digest = ? AND agent = ? AND version = ? AND tenant = ? AND until > ?
