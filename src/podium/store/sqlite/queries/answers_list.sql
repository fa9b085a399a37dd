SELECT by, value, at FROM answers WHERE question = ? ORDER BY at, by
