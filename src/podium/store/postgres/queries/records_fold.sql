-- Epoch 0 are the facts that a fork copied: they happened in another run. A step's key begins with that of its call.
-- What whoever is asked beside a call used up, as a judge of a guard, is none of what the call came to.
-- A workflow of which something was refused failed as others said no: it counts as a call that was refused itself.
WITH recent AS MATERIALIZED (
    SELECT place >> 24 AS run, place, kind, at, left(key, strpos(key || '/', '/') - 1) AS call,
        strpos(key, '/guard/') > 0 AS guards, json_of(body) AS said
    FROM (SELECT place, kind, key, at, epoch, body FROM facts ORDER BY place DESC LIMIT %(2)s) f
    WHERE kind IN (2, 3, 6) AND epoch > 0
), told AS (
    SELECT run, place, kind, at, call, CASE kind WHEN 2 THEN said ->> 'label' END AS label,
        CASE kind WHEN 2 THEN said ->> 'agent' END COLLATE "C" AS agent,
        CASE kind WHEN 2 THEN said ->> 'version' END COLLATE "C" AS version,
        CASE WHEN kind = 3 AND said ->> 'kind' = 'refused' THEN 'refused' WHEN kind = 3 THEN said ->> 'outcome' END AS outcome,
        CASE WHEN kind = 2 OR kind = 6 AND (guards OR said ? 'beside') THEN NULL ELSE (said #>> '{usage,usd}')::double precision END AS usd
    FROM recent
), numbered AS (
    SELECT *, count(*) FILTER (WHERE kind = 2) OVER (PARTITION BY run, call ORDER BY place) AS nth FROM told
), calls AS (
    SELECT max(agent) AS agent, max(version) AS version, max(label) AS label, max(outcome) AS outcome,
        max(CASE kind WHEN 3 THEN at END) - min(CASE kind WHEN 2 THEN at END) AS seconds,
        coalesce(max(CASE kind WHEN 3 THEN usd END), sum(CASE kind WHEN 6 THEN usd END)) AS usd
    FROM numbered GROUP BY run, call, nth
)
SELECT agent, version, count(*), count(*) FILTER (WHERE outcome = 'done'), count(*) FILTER (WHERE outcome = 'failed'),
    avg(seconds), avg(usd)
FROM calls
WHERE agent IS NOT NULL AND (%(1)s::jsonb IS NULL OR agent IN (SELECT jsonb_array_elements_text(%(1)s::jsonb)))
    AND (%(3)s::text IS NULL OR label = %(3)s::text)
GROUP BY agent, version ORDER BY agent, version
