DELETE FROM conversation_said WHERE place >= ?1 << 24 AND place < (?1 + 1) << 24
