DELETE FROM memory_text WHERE rowid = ?
