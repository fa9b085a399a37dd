-- Where a text stands in what was said. It is looked for in the stored form first, which is quick, and then in the contents alone.
-- Of a JSON text with a NUL SQLite sees what stands before it: so it is another character here, and a backslash is written so that none comes to be part of one.
SELECT m.place, c.tenant, c.name, m.author, m.run, m.at, m.message
FROM conversations c CROSS JOIN conversation_messages m ON m.place >= c.n << 24 AND m.place < (c.n + 1) << 24
WHERE true
    AND c.tenant = :tenant
    AND c.principal = :principal
    AND c.name = :conversation
    AND m.at >= :since
    AND m.at < :until
    AND (m.at, m.place) < (:at, :place)
    AND EXISTS (SELECT 1 FROM runs r WHERE r.n = m.number AND r.tag = :tag)
    AND CAST(m.message AS TEXT) LIKE :stored ESCAPE '\'
    AND EXISTS (SELECT 1 FROM json_each(iif(CAST(m.message AS TEXT) GLOB '*\u0000*', replace(replace(CAST(m.message AS TEXT), '\\', '\u005c'), '\u0000', '\ufffd'), CAST(m.message AS TEXT)), '$.parts') p, json_tree(p.value, '$.content') s WHERE s.atom LIKE :text ESCAPE '\' AND (p.value ->> 'part_kind' = 'tool-return' OR s.fullkey = '$.content' OR s.path = '$.content' AND typeof(s.key) = 'integer' OR s.key = 'content'))
ORDER BY m.at DESC, m.place DESC LIMIT :limit
