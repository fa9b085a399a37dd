DELETE FROM signals WHERE run = ?
