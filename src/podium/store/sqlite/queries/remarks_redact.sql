UPDATE remarks SET text = CAST('null' AS BLOB), salt = NULL WHERE question IN (SELECT id FROM questions WHERE run = ?)
