SELECT id, question, by, at, text, assignee FROM remarks WHERE question = ? ORDER BY at, id
