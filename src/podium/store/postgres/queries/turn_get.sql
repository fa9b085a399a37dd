SELECT n, conversation, run, key, within FROM conversation_turns WHERE run = %s AND key = %s
