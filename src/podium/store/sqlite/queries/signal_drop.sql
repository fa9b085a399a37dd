DELETE FROM signals WHERE run = ? AND id = ?
