SELECT at, id, by, tenant, what, about, said
FROM actions
WHERE true
    AND tenant = :tenant
    AND by = :principal
    AND about = :about
    AND about IN (SELECT id FROM runs WHERE tag = :tag)
    AND at >= :since
    AND at < :until
    AND (at, id) < (:at, :id)
    AND (what LIKE :text ESCAPE '\' OR about LIKE :text ESCAPE '\')
ORDER BY at DESC, id DESC LIMIT :limit
