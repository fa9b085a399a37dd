SELECT place, author, run, number, key, at, message FROM conversation_messages WHERE place >= %s AND place < %s ORDER BY place
