INSERT INTO answers (question, by, value, at, salt, digest) VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
RETURNING 1
