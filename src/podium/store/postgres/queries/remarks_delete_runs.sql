DELETE FROM remarks WHERE question IN (SELECT id FROM questions WHERE run = ANY (%s::bigint[]))
