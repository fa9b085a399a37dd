UPDATE questions SET text = '', subject = NULL, schema = NULL WHERE run = %s
