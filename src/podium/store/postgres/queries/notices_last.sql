WITH said AS MATERIALIZED (
    SELECT place, kind, key, at, epoch, body, json_of(body) AS notice
    FROM (SELECT place, kind, key, at, epoch, body FROM facts ORDER BY place DESC LIMIT %(recent)s) f
    WHERE kind = 24 AND epoch > 0
), last AS (
    SELECT said.*, r.id, row_number() OVER (
        PARTITION BY notice ->> 'guard', notice ->> 'agent', notice ->> 'version' ORDER BY at DESC, place DESC
    ) AS nth
    FROM said JOIN runs r ON r.n = said.place >> 24
    WHERE notice ->> 'guard' IN (SELECT jsonb_array_elements_text(%(guards)s::jsonb))
        AND r.tenant = %(tenant)s
        AND r.principal = %(principal)s
        AND r.tag = %(tag)s
)
SELECT l.id, l.place & 16777215, l.kind, l.key, l.at, l.epoch, l.body, l.place
FROM last l
WHERE l.nth = 1
    AND l.at >= %(since)s
    AND l.at < %(until)s
    AND (l.at, l.place) > (%(at)s, %(place)s)
    AND convert_from(l.body, 'UTF8') COLLATE "C" ILIKE %(text)s
ORDER BY l.at, l.place LIMIT %(limit)s
