SELECT by, value, at FROM answers WHERE question = %s ORDER BY at, by
