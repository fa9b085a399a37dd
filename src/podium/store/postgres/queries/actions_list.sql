SELECT at, id, by, tenant, what, about, said
FROM actions
WHERE true
    AND tenant = %(tenant)s
    AND by = %(principal)s
    AND about = %(about)s
    AND about IN (SELECT id FROM runs WHERE tag = %(tag)s)
    AND at >= %(since)s
    AND at < %(until)s
    AND (at, id) < (%(at)s, %(id)s)
    AND (what ILIKE %(text)s OR about ILIKE %(text)s)
ORDER BY at DESC, id DESC LIMIT %(limit)s
