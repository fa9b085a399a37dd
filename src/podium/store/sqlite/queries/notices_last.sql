WITH said AS (
    SELECT place, kind, key, at, epoch, body, CAST(body AS TEXT) AS text
    FROM (SELECT place, kind, key, at, epoch, body FROM facts ORDER BY place DESC LIMIT ?2)
    WHERE kind = 24 AND epoch > 0
), last AS (
    SELECT *, ROW_NUMBER() OVER (
        PARTITION BY JSON_EXTRACT(text, '$.guard'), JSON_EXTRACT(text, '$.agent'), JSON_EXTRACT(text, '$.version')
        ORDER BY at DESC, place DESC
    ) AS nth
    FROM said WHERE JSON_EXTRACT(text, '$.guard') IN (SELECT value FROM JSON_EACH(?1))
)
SELECT r.id, l.place & 16777215, l.kind, l.key, l.at, l.epoch, l.body
FROM last l JOIN runs r ON r.n = l.place >> 24 WHERE l.nth = 1 ORDER BY l.at
