WITH said AS (
    SELECT place, kind, key, at, epoch, body, CAST(body AS TEXT) AS text
    FROM (SELECT place, kind, key, at, epoch, body FROM facts ORDER BY place DESC LIMIT :recent)
    WHERE kind = 24 AND epoch > 0
), last AS (
    SELECT said.*, r.id, ROW_NUMBER() OVER (
        PARTITION BY JSON_EXTRACT(text, '$.guard'), JSON_EXTRACT(text, '$.agent'), JSON_EXTRACT(text, '$.version')
        ORDER BY at DESC, place DESC
    ) AS nth
    FROM said JOIN runs r ON r.n = said.place >> 24
    WHERE JSON_EXTRACT(text, '$.guard') IN (SELECT value FROM JSON_EACH(:guards))
        AND r.tenant = :tenant
        AND r.principal = :principal
        AND r.tag = :tag
)
SELECT l.id, l.place & 16777215, l.kind, l.key, l.at, l.epoch, l.body, l.place
FROM last l
WHERE l.nth = 1
    AND l.at >= :since
    AND l.at < :until
    AND (l.at, l.place) > (:at, :place)
    AND l.text LIKE :text ESCAPE '\'
ORDER BY l.at, l.place LIMIT :limit
