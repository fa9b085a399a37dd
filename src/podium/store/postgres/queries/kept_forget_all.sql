DELETE FROM answers_kept WHERE run = ANY (%s::text[])
