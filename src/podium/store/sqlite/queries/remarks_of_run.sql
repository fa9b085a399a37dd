SELECT question, id, by, at, text, assignee, salt, digest FROM remarks
WHERE question IN (SELECT id FROM questions WHERE run = (SELECT n FROM runs WHERE id = ?)) ORDER BY question, at, id
