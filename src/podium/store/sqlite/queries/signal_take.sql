UPDATE signals SET taken = 1 WHERE run = ? AND id = ?
