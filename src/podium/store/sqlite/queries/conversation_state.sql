SELECT c.n, c.tenant, c.principal, c.name, c.revision, c.created_at, c.changed_at, c.forked_from, c.forked_at, t.run, t.key,
    (SELECT count(*) FROM conversation_turns w WHERE w.conversation = c.n AND w.within IS NULL) AS turns
FROM conversations c
LEFT JOIN conversation_turns t ON t.n = (SELECT min(f.n) FROM conversation_turns f WHERE f.conversation = c.n AND f.within IS NULL)
WHERE c.tenant = ? AND c.name = ?
