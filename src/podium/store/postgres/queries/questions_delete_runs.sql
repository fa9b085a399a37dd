DELETE FROM questions WHERE run = ANY (%s::bigint[])
