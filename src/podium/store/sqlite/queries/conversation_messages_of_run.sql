SELECT place, author, run, key, at, message FROM conversation_messages WHERE run = ? ORDER BY place
