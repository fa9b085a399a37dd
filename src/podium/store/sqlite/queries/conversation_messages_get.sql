SELECT place, author, run, number, key, at, message FROM conversation_messages WHERE place >= ? AND place < ? ORDER BY place
