SELECT id, question, by, at, text, assignee FROM remarks WHERE question = %s ORDER BY at, id
