INSERT INTO remarks (id, question, by, at, text, assignee, salt, digest) VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
RETURNING 1
