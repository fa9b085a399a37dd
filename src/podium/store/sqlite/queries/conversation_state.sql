SELECT c.n, c.tenant, c.principal, c.name, c.revision, c.created_at, c.changed_at, c.forked_from, c.forked_at, t.run, t.key,
    (SELECT count(*) FROM conversation_turns w WHERE w.conversation = c.n AND w.within IS NULL) AS turns,
    (SELECT q.id FROM runs r JOIN questions q ON q.run = r.n WHERE r.id = t.run AND q.state = 'open' AND (t.key = 'start' OR q.key = t.key OR substr(q.key, 1, length(t.key) + 1) IN (t.key || '.', t.key || '/')) ORDER BY q.asked_at, q.id LIMIT 1) AS question
FROM conversations c
LEFT JOIN conversation_turns t ON t.n = (SELECT min(f.n) FROM conversation_turns f WHERE f.conversation = c.n AND f.within IS NULL)
WHERE c.tenant = ? AND c.name = ?
