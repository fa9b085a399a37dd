-- Epoch 0 are the facts that a fork copied: they happened in another run.
WITH recent AS MATERIALIZED (
    SELECT place >> 24 AS run, place, kind, at, key, json_of(body) AS body
    FROM (SELECT place, kind, key, at, epoch, body FROM facts ORDER BY place DESC LIMIT %s) f
    WHERE epoch > 0 AND (kind IN (2, 3, 24) OR kind = 6 AND position('"refused":"guard:'::bytea IN body) > 0)
), said AS (
    SELECT run, place, kind, at, CASE kind WHEN 6 THEN left(key, strpos(key, '/') - 1) ELSE key END AS key,
        CASE kind WHEN 2 THEN body ->> 'agent' END COLLATE "C" AS agent,
        CASE kind WHEN 2 THEN body ->> 'version' END COLLATE "C" AS version,
        CASE WHEN kind = 3 AND body ->> 'kind' = 'refused' THEN 'refused' WHEN kind = 3 THEN body ->> 'outcome' END AS outcome,
        CASE kind
            WHEN 3 THEN body ->> 'outcome' = 'refused' AND body ->> 'rule' LIKE 'guard:%%'
            WHEN 6 THEN true
            WHEN 24 THEN body ->> 'guard' IN ('policy', 'allow') AND body ->> 'decision' = 'deny' AND body ->> 'action' = 'tool'
            ELSE false
        END AS violation
    FROM recent
), calls AS (
    SELECT max(agent) AS agent, max(version) AS version, max(outcome) AS outcome, max(at) AS at,
        count(*) FILTER (WHERE violation) AS violations
    FROM (SELECT *, count(*) FILTER (WHERE kind = 2) OVER (PARTITION BY run, key ORDER BY place) AS nth FROM said) numbered
    GROUP BY run, key, nth
)
SELECT agent, version, max(at), count(*) FILTER (WHERE outcome = 'done'), count(*) FILTER (WHERE outcome = 'failed'),
    sum(violations)::bigint
FROM calls WHERE agent IS NOT NULL
GROUP BY agent, version, trunc(at / 3600) ORDER BY max(at), agent, version
