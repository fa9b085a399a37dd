SELECT c.n, c.tenant, c.principal, c.name, c.revision, c.created_at, c.changed_at, c.forked_from, c.forked_at, t.run, t.key,
    (SELECT count(*) FROM conversation_turns w WHERE w.conversation = c.n AND w.within IS NULL) AS turns,
    (SELECT id FROM (
        SELECT q.id, q.asked_at, substr(s.id || '.' || q.key, length(r.id) + 2) AS path
        FROM runs r JOIN runs s ON s.id = r.id OR s.id > r.id || '.' AND s.id < r.id || '/' AND s.root = r.root
            JOIN questions q ON q.run = s.n
        WHERE r.id = t.run AND q.state = 'open'
    ) o WHERE t.key = 'start' OR path = t.key OR substr(path, 1, length(t.key) + 1) IN (t.key || '.', t.key || '/') ORDER BY asked_at, id LIMIT 1) AS question
FROM conversations c
LEFT JOIN conversation_turns t ON t.n = (SELECT min(f.n) FROM conversation_turns f WHERE f.conversation = c.n AND f.within IS NULL)
WHERE c.tenant = %s AND c.name = %s
