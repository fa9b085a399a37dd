SELECT 1 FROM conversation_messages
WHERE place >= ?1 AND place < ?2 AND run = ?3 AND (?4 = 'start' AND key <> 'start' OR key >= ?4 || '.' AND key < ?4 || '/') LIMIT 1
