-- The first conversation in which one of these runs said something and somebody has a turn.
SELECT c.n, c.tenant, c.principal, c.name, c.revision, c.created_at, c.changed_at, c.forked_from, c.forked_at, t.run, t.key, 1, NULL
FROM conversation_turns t JOIN conversations c ON c.n = t.conversation
WHERE t.n = (SELECT min(f.n) FROM conversation_turns f WHERE f.conversation = c.n AND f.within IS NULL)
    AND EXISTS (
        SELECT 1 FROM runs x JOIN conversation_messages m ON m.number = x.n AND m.place >= c.n << 24 AND m.place < (c.n + 1) << 24
        WHERE x.id IN (SELECT jsonb_array_elements_text(%s::jsonb))
    )
ORDER BY t.n LIMIT 1
