DELETE FROM conversation_messages WHERE place >= ?1 << 24 AND place < (?1 + 1) << 24
