-- As `records_fold`, with how long calls took: of half of them no longer than the one, of 95 in 100 no longer than the other.
WITH recent AS (
    SELECT place >> 24 AS run, place, kind, at, SUBSTR(key, 1, INSTR(key || '/', '/') - 1) AS call,
        CASE kind WHEN 2 THEN JSON_EXTRACT(CAST(body AS TEXT), '$.agent') END AS agent,
        CASE kind WHEN 2 THEN JSON_EXTRACT(CAST(body AS TEXT), '$.version') END AS version,
        CASE WHEN kind = 3 AND JSON_EXTRACT(CAST(body AS TEXT), '$.kind') = 'refused' THEN 'refused'
            WHEN kind = 3 THEN JSON_EXTRACT(CAST(body AS TEXT), '$.outcome') END AS outcome,
        CASE WHEN kind = 2 OR kind = 6 AND (INSTR(key, '/guard/') OR JSON_EXTRACT(CAST(body AS TEXT), '$.beside')) THEN NULL
            ELSE JSON_EXTRACT(CAST(body AS TEXT), '$.usage.usd') END AS usd
    FROM (SELECT place, kind, key, at, epoch, body FROM facts ORDER BY place DESC LIMIT :recent)
    WHERE kind IN (2, 3, 6) AND epoch > 0
), numbered AS (
    SELECT *, SUM(kind = 2) OVER (PARTITION BY run, call ORDER BY place) AS nth FROM recent
), calls AS (
    SELECT run, MAX(agent) AS agent, MAX(version) AS version, MAX(outcome) AS outcome, MIN(CASE kind WHEN 2 THEN at END) AS began,
        MAX(CASE kind WHEN 3 THEN at END) - MIN(CASE kind WHEN 2 THEN at END) AS seconds,
        COALESCE(MAX(CASE kind WHEN 3 THEN usd END), SUM(CASE kind WHEN 6 THEN usd END)) AS usd
    FROM numbered GROUP BY run, call, nth
), ranked AS (
    SELECT c.*, ROW_NUMBER() OVER (PARTITION BY c.agent, c.version ORDER BY c.seconds IS NULL, c.seconds) AS rank,
        COUNT(c.seconds) OVER (PARTITION BY c.agent, c.version) AS timed
    FROM calls c JOIN runs r ON r.n = c.run
    WHERE c.agent IS NOT NULL
        AND r.tenant = :tenant
        AND r.principal = :principal
        AND r.tag = :tag
        AND c.began >= :since
        AND c.began < :until
        AND c.agent LIKE :text ESCAPE '\'
)
SELECT agent, version, COUNT(*), COUNT(CASE outcome WHEN 'done' THEN 1 END), COUNT(CASE outcome WHEN 'failed' THEN 1 END),
    MIN(CASE WHEN rank <= timed AND rank * 2 >= timed THEN seconds END),
    MIN(CASE WHEN rank <= timed AND rank * 100 >= timed * 95 THEN seconds END), SUM(usd), MAX(began)
FROM ranked
GROUP BY agent, version
HAVING true
    AND (agent, version) > (:agent, :version)
ORDER BY agent, version LIMIT :limit
