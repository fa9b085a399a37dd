SELECT value, run, key FROM answers_kept
WHERE digest = ? AND agent = ? AND version = ? AND tenant = ? AND until > ?
