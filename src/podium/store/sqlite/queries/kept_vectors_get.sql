SELECT v, numbers, v FROM answers_vectors WHERE v IN (SELECT value FROM json_each(?1))
