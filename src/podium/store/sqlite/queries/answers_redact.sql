UPDATE answers SET value = CAST('null' AS BLOB), salt = NULL WHERE question IN (SELECT id FROM questions WHERE run = ?)
