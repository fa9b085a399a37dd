INSERT INTO memory_text (memory_text, rank) VALUES ('merge', ?)
