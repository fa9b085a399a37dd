-- Rows that belong to nothing, by table; those of caches and of the memory are not looked at.
SELECT 'signals', count(*) FROM signals s WHERE NOT EXISTS (SELECT 1 FROM runs WHERE n = s.run)
UNION ALL SELECT 'questions', count(*) FROM questions q WHERE NOT EXISTS (SELECT 1 FROM runs WHERE n = q.run AND id = q.run_id)
UNION ALL SELECT 'answers', count(*) FROM answers a WHERE NOT EXISTS (SELECT 1 FROM questions q WHERE q.id = a.question)
UNION ALL SELECT 'remarks', count(*) FROM remarks r WHERE NOT EXISTS (SELECT 1 FROM questions q WHERE q.id = r.question)
UNION ALL SELECT 'blobs', count(*) FROM blobs b WHERE NOT EXISTS (SELECT 1 FROM facts WHERE blob = b.hash)
UNION ALL SELECT 'reservations', count(*) FROM reservations x WHERE NOT EXISTS (SELECT 1 FROM runs WHERE n = x.run)
UNION ALL SELECT 'conversation_turns', count(*) FROM conversation_turns t
    WHERE NOT EXISTS (SELECT 1 FROM runs WHERE id = t.run) OR NOT EXISTS (SELECT 1 FROM conversations c WHERE c.n = t.conversation)
UNION ALL SELECT 'conversation_messages', count(*) FROM conversation_messages m
    WHERE NOT EXISTS (SELECT 1 FROM conversations c WHERE c.n = m.place >> 24)
