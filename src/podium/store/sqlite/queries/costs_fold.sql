-- ?1: by what; ?2: a run with all it started, or NULL; ?3, ?4: from when, until when.
-- Epoch 0 are the facts that a fork copied: they were paid for in another run. What a call tells itself counts instead of its
-- steps; what was in doubt counts with what was set aside, in billionths of a dollar.
WITH told AS (
    SELECT place >> 24 AS run, place, kind, at, SUBSTR(key, 1, INSTR(key || '/', '/') - 1) AS call,
        CAST(body AS TEXT) AS body
    FROM facts
    WHERE kind IN (2, 3, 6, 22) AND epoch > 0
        AND (?2 IS NULL OR place >> 24 IN (SELECT n FROM runs WHERE id = ?2 OR SUBSTR(id, 1, LENGTH(?2) + 1) = ?2 || '.'))
), used AS (
    SELECT run, place, kind, at, call,
        CASE kind WHEN 2 THEN JSON_EXTRACT(body, '$.agent') END AS agent,
        CASE WHEN kind IN (3, 6) THEN JSON_EXTRACT(body, '$.usage.model') END AS model,
        CASE WHEN kind IN (3, 6) THEN JSON_EXTRACT(body, '$.usage.input_tokens') END AS input,
        CASE WHEN kind IN (3, 6) THEN JSON_EXTRACT(body, '$.usage.output_tokens') END AS output,
        CASE WHEN kind IN (3, 6) THEN JSON_EXTRACT(body, '$.usage.requests') END AS requests,
        CASE WHEN kind IN (3, 6) THEN JSON_EXTRACT(body, '$.usage.usd') END AS usd,
        CASE WHEN kind = 22 AND JSON_EXTRACT(body, '$.in_doubt') THEN JSON_EXTRACT(body, '$.usd') / 1e9 END AS doubt
    FROM told
), numbered AS (
    SELECT *, SUM(kind = 2) OVER (PARTITION BY run, call ORDER BY place) AS nth FROM used
), calls AS (
    SELECT run, MAX(agent) AS agent, COALESCE(MAX(model), '') AS model, MIN(at) AS at,
        MAX(kind = 2) AS calls,
        COALESCE(MAX(CASE kind WHEN 3 THEN input END), SUM(CASE kind WHEN 6 THEN input END), 0) AS input,
        COALESCE(MAX(CASE kind WHEN 3 THEN output END), SUM(CASE kind WHEN 6 THEN output END), 0) AS output,
        COALESCE(MAX(CASE kind WHEN 3 THEN requests END), SUM(CASE kind WHEN 6 THEN requests END), 0) AS requests,
        COALESCE(MAX(CASE kind WHEN 3 THEN usd END), SUM(CASE kind WHEN 6 THEN usd END), 0.0) AS usd,
        SUM(kind IN (3, 6) AND requests > 0 AND usd IS NULL) AS unpriced,
        COALESCE(SUM(doubt), 0.0) AS doubt
    FROM numbered GROUP BY run, call, nth HAVING MAX(agent) IS NOT NULL OR COUNT(doubt) > 0
)
SELECT CASE ?1
        WHEN 'agent' THEN COALESCE(c.agent, '') WHEN 'model' THEN c.model WHEN 'workflow' THEN root.workflow
        WHEN 'tenant' THEN r.tenant WHEN 'day' THEN DATE(c.at, 'unixepoch') ELSE r.root END AS part,
    SUM(c.calls), SUM(c.requests), SUM(c.input), SUM(c.output), SUM(c.usd), SUM(c.doubt), SUM(c.unpriced),
    COUNT(DISTINCT root.n), COUNT(DISTINCT CASE root.state WHEN 'done' THEN root.n END)
FROM calls c JOIN runs r ON r.n = c.run JOIN runs root ON root.id = r.root
WHERE (?3 IS NULL OR c.at >= ?3) AND (?4 IS NULL OR c.at < ?4)
GROUP BY part ORDER BY SUM(c.usd) + SUM(c.doubt) DESC, part
