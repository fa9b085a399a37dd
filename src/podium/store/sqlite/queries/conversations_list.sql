-- For NUL in what was said see `conversation_search`.
SELECT c.n, c.tenant, c.principal, c.name, c.revision, c.created_at, c.changed_at, c.forked_from, c.forked_at, t.run, t.key,
    (SELECT count(*) FROM conversation_turns w WHERE w.conversation = c.n AND w.within IS NULL) AS turns,
    (SELECT id FROM (
        SELECT q.id, q.asked_at, substr(s.id || '.' || q.key, length(r.id) + 2) AS path
        FROM runs r CROSS JOIN runs s ON s.id = r.id OR s.id > r.id || '.' AND s.id < r.id || '/' AND s.root = r.root
            CROSS JOIN questions q ON q.run = s.n
        WHERE r.id = t.run AND q.state = 'open'
    ) WHERE t.key = 'start' OR path = t.key OR substr(path, 1, length(t.key) + 1) IN (t.key || '.', t.key || '/') ORDER BY asked_at, id LIMIT 1) AS question
FROM conversations c
LEFT JOIN conversation_turns t ON t.n = (SELECT min(f.n) FROM conversation_turns f WHERE f.conversation = c.n AND f.within IS NULL)
WHERE true
    AND c.name >= :prefix AND c.name < :beyond
    AND c.name = :name
    AND c.tenant = :tenant
    AND c.principal = :principal
    AND c.changed_at >= :since
    AND c.changed_at < :until
    AND (c.changed_at, c.n) < (:at, :n)
    AND c.changed_at > :floor
    AND EXISTS (SELECT 1 FROM conversation_messages m JOIN runs r ON r.n = m.number WHERE m.place >= c.n << 24 AND m.place < (c.n + 1) << 24 AND r.tag = :tag)
    AND (c.name LIKE :text ESCAPE '\' OR EXISTS (SELECT 1 FROM conversation_messages m, json_each(iif(CAST(m.message AS TEXT) GLOB '*\u0000*', replace(replace(CAST(m.message AS TEXT), '\\', '\u005c'), '\u0000', '\ufffd'), CAST(m.message AS TEXT)), '$.parts') p, json_tree(p.value, '$.content') s WHERE m.place >= c.n << 24 AND m.place < (c.n + 1) << 24 AND s.atom LIKE :text ESCAPE '\' AND (p.value ->> 'part_kind' = 'tool-return' OR s.fullkey = '$.content' OR s.path = '$.content' AND typeof(s.key) = 'integer' OR s.key = 'content')))
ORDER BY c.changed_at DESC, c.n DESC LIMIT :limit
