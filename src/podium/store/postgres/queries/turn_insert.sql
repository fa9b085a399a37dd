INSERT INTO conversation_turns (conversation, run, key, within) VALUES (%s, %s, %s, %s) RETURNING n
