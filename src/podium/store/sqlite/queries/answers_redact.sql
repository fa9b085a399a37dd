UPDATE answers SET value = CAST('null' AS BLOB) WHERE question IN (SELECT id FROM questions WHERE run = ?)
