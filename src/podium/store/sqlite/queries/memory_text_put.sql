INSERT INTO memory_text (rowid, words) VALUES (?, ?)
