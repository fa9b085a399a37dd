SELECT question, by, value, at, salt, digest FROM answers
WHERE question IN (SELECT id FROM questions WHERE run = (SELECT n FROM runs WHERE id = %s)) ORDER BY question, at, by
