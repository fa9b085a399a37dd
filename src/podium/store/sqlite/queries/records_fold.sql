-- Epoch 0 are the facts that a fork copied: they happened in another run. A step's key begins with that of its call.
-- What whoever is asked beside a call used up, as a judge of a guard, is none of what the call came to.
-- A workflow of which something was refused failed as others said no: it counts as a call that was refused itself.
WITH recent AS (
    SELECT place >> 24 AS run, place, kind, at, SUBSTR(key, 1, INSTR(key || '/', '/') - 1) AS call,
        CASE kind WHEN 2 THEN JSON_EXTRACT(CAST(body AS TEXT), '$.agent') END AS agent,
        CASE kind WHEN 2 THEN JSON_EXTRACT(CAST(body AS TEXT), '$.version') END AS version,
        CASE kind WHEN 2 THEN JSON_EXTRACT(CAST(body AS TEXT), '$.label') END AS label,
        CASE WHEN kind = 3 AND JSON_EXTRACT(CAST(body AS TEXT), '$.kind') = 'refused' THEN 'refused'
            WHEN kind = 3 THEN JSON_EXTRACT(CAST(body AS TEXT), '$.outcome') END AS outcome,
        CASE WHEN kind = 2 OR kind = 6 AND (INSTR(key, '/guard/') OR JSON_EXTRACT(CAST(body AS TEXT), '$.beside')) THEN NULL
            ELSE JSON_EXTRACT(CAST(body AS TEXT), '$.usage.usd') END AS usd
    FROM (SELECT place, kind, key, at, epoch, body FROM facts ORDER BY place DESC LIMIT ?2)
    WHERE kind IN (2, 3, 6) AND epoch > 0
), numbered AS (
    SELECT *, SUM(kind = 2) OVER (PARTITION BY run, call ORDER BY place) AS nth FROM recent
), calls AS (
    SELECT MAX(agent) AS agent, MAX(version) AS version, MAX(label) AS label, MAX(outcome) AS outcome,
        MAX(CASE kind WHEN 3 THEN at END) - MIN(CASE kind WHEN 2 THEN at END) AS seconds,
        COALESCE(MAX(CASE kind WHEN 3 THEN usd END), SUM(CASE kind WHEN 6 THEN usd END)) AS usd
    FROM numbered GROUP BY run, call, nth
)
SELECT agent, version, COUNT(*), COUNT(CASE outcome WHEN 'done' THEN 1 END),
    COUNT(CASE outcome WHEN 'failed' THEN 1 END), AVG(seconds), AVG(usd)
FROM calls
WHERE agent IS NOT NULL AND (?1 IS NULL OR agent IN (SELECT value FROM JSON_EACH(?1))) AND (?3 IS NULL OR label = ?3)
GROUP BY agent, version ORDER BY agent, version
