-- A failed attempt has the type of its error in its body; who was asked stands in the fact before it under the same key.
WITH recent AS MATERIALIZED (
    SELECT place, place >> 24 AS run, kind, key, at, epoch, body, json_of(body) AS said
    FROM (SELECT place, kind, key, at, epoch, body FROM facts ORDER BY place DESC LIMIT %(recent)s) f WHERE kind IN (2, 3, 4)
), asked AS (
    SELECT DISTINCT run, key FROM recent WHERE kind = 2 AND said ->> 'agent' = %(agent)s AND said ->> 'version' = %(version)s
)
SELECT r.id, f.place & 16777215, f.kind, f.key, f.at, f.epoch, f.body, f.place
FROM recent f JOIN asked USING (run, key) JOIN runs r ON r.n = f.run
WHERE f.kind IN (3, 4) AND f.epoch > 0 AND f.said ->> 'type' IS NOT NULL
    AND r.tenant = %(tenant)s
    AND r.principal = %(principal)s
    AND r.tag = %(tag)s
    AND f.at >= %(since)s
    AND f.at < %(until)s
    AND (f.at, f.place) < (%(at)s, %(place)s)
    AND convert_from(f.body, 'UTF8') COLLATE "C" ILIKE %(text)s
ORDER BY f.at DESC, f.place DESC LIMIT %(limit)s
