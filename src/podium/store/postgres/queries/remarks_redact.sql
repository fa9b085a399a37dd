UPDATE remarks SET text = 'null', salt = NULL WHERE question IN (SELECT id FROM questions WHERE run = %s)
