SELECT n, conversation, run, key, within FROM conversation_turns WHERE conversation = ? AND within IS NULL ORDER BY n
