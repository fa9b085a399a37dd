SELECT n, conversation, run, key, within FROM conversation_turns WHERE run = ? AND key = ?
