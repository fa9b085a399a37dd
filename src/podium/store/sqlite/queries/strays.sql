-- Rows that belong to nothing, by table; those of caches and of the memory are not looked at.
SELECT 'signals', COUNT(*) FROM signals WHERE run NOT IN (SELECT n FROM runs)
UNION ALL SELECT 'questions', COUNT(*) FROM questions q WHERE NOT EXISTS (SELECT 1 FROM runs WHERE n = q.run AND id = q.run_id)
UNION ALL SELECT 'answers', COUNT(*) FROM answers WHERE question NOT IN (SELECT id FROM questions)
UNION ALL SELECT 'remarks', COUNT(*) FROM remarks WHERE question NOT IN (SELECT id FROM questions)
UNION ALL SELECT 'blobs', COUNT(*) FROM blobs b WHERE NOT EXISTS (SELECT 1 FROM facts WHERE blob = b.hash)
UNION ALL SELECT 'reservations', COUNT(*) FROM reservations WHERE run NOT IN (SELECT n FROM runs)
UNION ALL SELECT 'conversation_turns', COUNT(*) FROM conversation_turns
    WHERE run NOT IN (SELECT id FROM runs) OR conversation NOT IN (SELECT n FROM conversations)
UNION ALL SELECT 'conversation_said', COUNT(*) FROM conversation_said WHERE place >> 24 NOT IN (SELECT n FROM conversations)
