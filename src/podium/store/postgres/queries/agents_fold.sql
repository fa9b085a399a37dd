-- As `records_fold`, with how long calls took: of half of them no longer than the one, of 95 in 100 no longer than the other.
WITH recent AS MATERIALIZED (
    SELECT place >> 24 AS run, place, kind, at, left(key, strpos(key || '/', '/') - 1) AS call,
        strpos(key, '/guard/') > 0 AS guards, json_of(body) AS said
    FROM (SELECT place, kind, key, at, epoch, body FROM facts ORDER BY place DESC LIMIT %(recent)s) f
    WHERE kind IN (2, 3, 6) AND epoch > 0
), told AS (
    SELECT run, place, kind, at, call, 
        CASE kind WHEN 2 THEN said ->> 'agent' END COLLATE "C" AS agent,
        CASE kind WHEN 2 THEN said ->> 'version' END COLLATE "C" AS version,
        CASE WHEN kind = 3 AND said ->> 'kind' = 'refused' THEN 'refused' WHEN kind = 3 THEN said ->> 'outcome' END AS outcome,
        CASE WHEN kind = 2 OR kind = 6 AND (guards OR said ? 'beside') THEN NULL ELSE (said #>> '{usage,usd}')::double precision END AS usd
    FROM recent
), numbered AS (
    SELECT *, count(*) FILTER (WHERE kind = 2) OVER (PARTITION BY run, call ORDER BY place) AS nth FROM told
), calls AS (
    SELECT run, max(agent) AS agent, max(version) AS version, max(outcome) AS outcome, min(CASE kind WHEN 2 THEN at END) AS began,
        max(CASE kind WHEN 3 THEN at END) - min(CASE kind WHEN 2 THEN at END) AS seconds,
        coalesce(max(CASE kind WHEN 3 THEN usd END), sum(CASE kind WHEN 6 THEN usd END)) AS usd
    FROM numbered GROUP BY run, call, nth
), ranked AS (
    SELECT c.*, row_number() OVER (PARTITION BY c.agent, c.version ORDER BY c.seconds IS NULL, c.seconds) AS rank,
        count(c.seconds) OVER (PARTITION BY c.agent, c.version) AS timed
    FROM calls c JOIN runs r ON r.n = c.run
    WHERE c.agent IS NOT NULL
        AND r.tenant = %(tenant)s
        AND r.principal = %(principal)s
        AND r.tag = %(tag)s
        AND c.began >= %(since)s
        AND c.began < %(until)s
        AND c.agent ILIKE %(text)s
)
SELECT agent, version, count(*), count(*) FILTER (WHERE outcome = 'done'), count(*) FILTER (WHERE outcome = 'failed'),
    min(CASE WHEN rank <= timed AND rank * 2 >= timed THEN seconds END),
    min(CASE WHEN rank <= timed AND rank * 100 >= timed * 95 THEN seconds END), sum(usd), max(began)
FROM ranked
GROUP BY agent, version
HAVING true
    AND (agent, version) > (%(agent)s, %(version)s)
ORDER BY agent, version LIMIT %(limit)s
