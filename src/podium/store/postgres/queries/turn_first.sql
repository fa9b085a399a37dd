SELECT n, conversation, run, key, within FROM conversation_turns WHERE conversation = %s AND within IS NULL ORDER BY n LIMIT 1
