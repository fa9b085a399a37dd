DELETE FROM answers_kept WHERE run IN (SELECT value FROM JSON_EACH(?))
