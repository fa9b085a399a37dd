-- Where a text stands in what was said. It is looked for in the stored form first, which is quick, and then in the contents alone.
SELECT m.place, c.tenant, c.name, m.author, m.run, m.at, m.message
FROM conversations c JOIN conversation_messages m ON m.place >= c.n << 24 AND m.place < (c.n + 1) << 24
WHERE true
    AND c.tenant = %(tenant)s
    AND c.principal = %(principal)s
    AND c.name = %(conversation)s
    AND m.at >= %(since)s
    AND m.at < %(until)s
    AND (m.at, m.place) < (%(at)s, %(place)s)
    AND EXISTS (SELECT 1 FROM runs r WHERE r.n = m.number AND r.tag = %(tag)s)
    AND convert_from(m.message, 'UTF8') COLLATE "C" ILIKE %(stored)s
    AND EXISTS (SELECT 1 FROM jsonb_array_elements(json_of(m.message) -> 'parts') p, LATERAL (SELECT jsonb_path_query(p, '$.content.**') AS said WHERE p ->> 'part_kind' = 'tool-return' UNION ALL SELECT jsonb_path_query(p, '$.content[*]') UNION ALL SELECT jsonb_path_query(p, '$.content.**.content')) s WHERE jsonb_typeof(said) NOT IN ('object', 'array') AND (said #>> '{}') COLLATE "C" ILIKE %(text)s)
ORDER BY m.at DESC, m.place DESC LIMIT %(limit)s
