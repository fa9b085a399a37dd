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
WHERE true
    AND c.name >= %(prefix)s AND c.name < %(beyond)s
    AND c.name = %(name)s
    AND c.tenant = %(tenant)s
    AND c.principal = %(principal)s
    AND c.changed_at >= %(since)s
    AND c.changed_at < %(until)s
    AND (c.changed_at, c.n) < (%(at)s, %(n)s)
    AND c.changed_at > %(floor)s
    AND EXISTS (SELECT 1 FROM conversation_messages m JOIN runs r ON r.n = m.number WHERE m.place >= c.n << 24 AND m.place < (c.n + 1) << 24 AND r.tag = %(tag)s)
    AND (c.name ILIKE %(text)s OR EXISTS (SELECT 1 FROM conversation_messages m WHERE m.place >= c.n << 24 AND m.place < (c.n + 1) << 24 AND EXISTS (SELECT 1 FROM jsonb_array_elements(json_of(m.message) -> 'parts') p, LATERAL (SELECT jsonb_path_query(p, '$.content.**') AS said WHERE p ->> 'part_kind' = 'tool-return' UNION ALL SELECT jsonb_path_query(p, '$.content[*]') UNION ALL SELECT jsonb_path_query(p, '$.content.**.content')) s WHERE jsonb_typeof(said) NOT IN ('object', 'array') AND (said #>> '{}') COLLATE "C" ILIKE %(text)s)))
ORDER BY c.changed_at DESC, c.n DESC LIMIT %(limit)s
