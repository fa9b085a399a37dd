-- Epoch 0 are the facts that a fork copied: they happened in another run.
WITH recent AS (
    SELECT place >> 24 AS run, place, kind, at, key, CAST(body AS TEXT) AS body
    FROM (SELECT place, kind, key, at, epoch, body FROM facts ORDER BY place DESC LIMIT ?1)
    WHERE epoch > 0 AND (kind IN (2, 3, 24) OR kind = 6 AND CAST(body AS TEXT) LIKE '%"refused":"guard:%')
), said AS (
    SELECT run, place, kind, at, CASE kind WHEN 6 THEN SUBSTR(key, 1, INSTR(key, '/') - 1) ELSE key END AS key,
        CASE kind WHEN 2 THEN JSON_EXTRACT(body, '$.agent') END AS agent,
        CASE kind WHEN 2 THEN JSON_EXTRACT(body, '$.version') END AS version,
        CASE WHEN kind = 3 AND JSON_EXTRACT(body, '$.kind') = 'refused' THEN 'refused'
            WHEN kind = 3 THEN JSON_EXTRACT(body, '$.outcome') END AS outcome,
        CASE kind
            WHEN 3 THEN JSON_EXTRACT(body, '$.outcome') = 'refused' AND JSON_EXTRACT(body, '$.rule') LIKE 'guard:%'
            WHEN 6 THEN 1
            WHEN 24 THEN JSON_EXTRACT(body, '$.guard') IN ('policy', 'allow') AND JSON_EXTRACT(body, '$.decision') = 'deny'
                AND JSON_EXTRACT(body, '$.action') = 'tool'
            ELSE 0
        END AS violation
    FROM recent
), calls AS (
    SELECT MAX(agent) AS agent, MAX(version) AS version, MAX(outcome) AS outcome, MAX(at) AS at,
        SUM(violation) AS violations
    FROM (SELECT *, SUM(kind = 2) OVER (PARTITION BY run, key ORDER BY place) AS nth FROM said)
    GROUP BY run, key, nth
)
SELECT agent, version, MAX(at), SUM(outcome IS 'done'), SUM(outcome IS 'failed'), SUM(COALESCE(violations, 0))
FROM calls WHERE agent IS NOT NULL
GROUP BY agent, version, CAST(at / 3600 AS INTEGER) ORDER BY MAX(at), agent, version
