SELECT value, run, key FROM answers_kept
WHERE agent = ? AND version = ? AND tenant = ? AND digest = ? AND until > ?
