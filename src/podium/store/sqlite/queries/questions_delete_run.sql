DELETE FROM questions WHERE run = ?
