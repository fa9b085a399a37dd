DELETE FROM conversation_turns WHERE n = ?
