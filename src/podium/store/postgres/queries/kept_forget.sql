DELETE FROM answers_kept WHERE run = %s
