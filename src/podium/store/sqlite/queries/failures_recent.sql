-- A failed attempt has the type of its error in its body; who was asked stands in the fact before it under the same key.
WITH recent AS (
    SELECT place, place >> 24 AS run, kind, key, at, epoch, body FROM facts ORDER BY place DESC LIMIT :recent
), asked AS (
    SELECT DISTINCT run, key FROM recent
    WHERE kind = 2 AND JSON_EXTRACT(CAST(body AS TEXT), '$.agent') = :agent
        AND JSON_EXTRACT(CAST(body AS TEXT), '$.version') = :version
)
SELECT r.id, f.place & 16777215, f.kind, f.key, f.at, f.epoch, f.body, f.place
FROM recent f JOIN asked USING (run, key) JOIN runs r ON r.n = f.run
WHERE f.kind IN (3, 4) AND f.epoch > 0 AND JSON_EXTRACT(CAST(f.body AS TEXT), '$.type') IS NOT NULL
    AND r.tenant = :tenant
    AND r.principal = :principal
    AND r.tag = :tag
    AND f.at >= :since
    AND f.at < :until
    AND (f.at, f.place) < (:at, :place)
    AND CAST(f.body AS TEXT) LIKE :text ESCAPE '\'
ORDER BY f.at DESC, f.place DESC LIMIT :limit
