SELECT place, author, run, number, key, at, message FROM conversation_messages WHERE number = %s ORDER BY place
