SELECT n, conversation, run, key, within FROM conversation_turns WHERE run = ANY (%s::text[]) ORDER BY n
