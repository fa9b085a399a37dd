INSERT INTO conversation_turns (conversation, run, key, within) VALUES (?, ?, ?, ?)
