-- By :by, of all runs, of :run with all it started, of what was done in it :below a key, or of the turns in :conversation. Conversations of one name are apart, by number.
-- What is done in a turn has a key below that of the turn, and the id of a child run begins with that of its parent and the key; so a path of
-- id and key says which turns are around it. The innermost counts; of several that a call had one after the other the one of that time.
-- Epoch 0 are the facts that a fork copied: they were paid for in another run, and only say whose calls go on in the fork. What a
-- call tells itself counts instead of what its steps told before in the same attempt, which matters where it is told more than once; what was in doubt counts with
-- what was set aside, in billionths of a dollar, or with a usage that says so. What was settled may have the usage of a request whose answer
-- is not recorded. What an operator gave back is in a run of its own, and counts for the call that it names. Finding a kept answer, and whoever is asked beside a call, is paid apart from it; what a kept answer saved has no model.
-- What trees of runs spent that have ended is known, but for :trees, whose facts are read; a tree counts as a whole or not at all. For :each run alone it is found out so.
-- The order is that of billionths, for sums of fractions are not the same in whichever order they are made.
-- By agent, what a fallback spent, or whoever is asked beside a call, stands under their names, at the time of the call: facts say `by` whom, and answers what they are short of.
WITH turns AS MATERIALIZED (
    SELECT r.root, CASE WHEN o.key = 'start' THEN r.id ELSE r.id || '.' || CASE WHEN o.key LIKE '%.start' THEN SUBSTR(o.key, 1, LENGTH(o.key) - 6) ELSE o.key END END AS path, o.at,
        JSON_ARRAY(CAST(o.body AS TEXT) ->> '$.n', CAST(o.body AS TEXT) ->> '$.conversation') AS conversation
    FROM facts o CROSS JOIN runs r ON r.n = o.place >> 24
    WHERE o.kind = 28
        AND o.place IN (SELECT f.place FROM (SELECT DISTINCT r.id, r.root FROM conversations k CROSS JOIN facts t INDEXED BY facts_turns ON t.kind = 28 AND CAST(t.body AS TEXT) ->> '$.n' = +k.n CROSS JOIN runs r ON r.n = t.place >> 24 WHERE k.name = :conversation) q CROSS JOIN runs s ON s.id = q.id OR s.id > q.id || '.' AND s.id < q.id || '/' AND s.root = q.root CROSS JOIN facts f ON f.place BETWEEN s.n << 24 AND (s.n << 24) + 16777215)
), used AS MATERIALIZED (
    SELECT run, place, kind, at, epoch, call, inside, apart OR kind IN (6, 22) AND INSTR(body, '"beside":') AS apart,
        CASE WHEN :turns THEN (
            WITH RECURSIVE around(path, root, at) AS (
                SELECT r.id || '.' || u.call, r.root, u.at FROM runs r WHERE r.n = u.run
                UNION ALL SELECT SUBSTR(RTRIM(path, REPLACE(path, '.', '')), 1, LENGTH(RTRIM(path, REPLACE(path, '.', ''))) - 1), root, at
                FROM around WHERE INSTR(path, '.')
            )
            SELECT t.conversation FROM around a CROSS JOIN turns t ON t.path = a.path AND t.root = a.root
            ORDER BY LENGTH(t.path) DESC, t.at > a.at, ABS(t.at - a.at) LIMIT 1
        ) END AS conversation,
        CASE kind WHEN 2 THEN body ->> '$.agent' END AS agent,
        CASE WHEN :by <> 'agent' OR kind IN (2, 4) THEN NULL WHEN kind IN (6, 22) THEN CASE WHEN INSTR(body, '"by"') THEN body ->> '$.by' END WHEN kind = 24 THEN NULLIF(body ->> '$.agent', '')
            WHEN INSTR(body, '"degraded"') THEN (SELECT d.value ->> '$.by' FROM JSON_EACH(body, '$.degraded') d WHERE d.value ->> '$.key' = u.call) END AS payer,
        CASE WHEN kind IN (3, 6, 22) THEN body ->> '$.usage.model' END AS model,
        CASE WHEN kind IN (3, 6, 22) THEN body ->> '$.usage.input_tokens' END AS input,
        CASE WHEN kind IN (3, 6, 22) THEN body ->> '$.usage.output_tokens' END AS output,
        CASE WHEN kind IN (3, 6, 22) THEN body ->> '$.usage.requests' END AS requests,
        CASE WHEN kind IN (3, 6, 22) THEN body ->> '$.usage.usd' END AS usd,
        CASE WHEN kind IN (3, 6) THEN body ->> '$.usage.cpu_seconds' END AS cpu,
        CASE WHEN kind IN (3, 6) THEN body ->> '$.usage.gb_seconds' END AS gb,
        CASE WHEN kind = 22 AND body ->> '$.in_doubt' THEN COALESCE(body ->> '$.untold', body ->> '$.doubt', body ->> '$.usd') / 1e9
            WHEN kind = 24 AND body ->> '$.guard' = 'correction' THEN (body ->> '$.usd') / -1e9 END AS doubt,
        CASE WHEN kind IN (3, 6, 22) THEN COALESCE(body ->> '$.usage.in_doubt', 0) END AS unsure,
        CASE WHEN kind = 24 AND body ->> '$.guard' = 'cache' THEN body ->> '$.saved' END AS saved
    FROM (
        SELECT CASE WHEN kind = 24 AND CAST(body AS TEXT) ->> '$.guard' = 'correction' THEN (SELECT n FROM runs WHERE id = CAST(body AS TEXT) ->> '$.run') ELSE place >> 24 END AS run,
            place, kind, at, epoch, SUBSTR(key, 1, INSTR(key || '/', '/') - 1) AS call,
            INSTR(key, '/cache/embed#') OR INSTR(key, '/guard/') AS apart, INSTR(key, '/') AS inside,
            CAST(body AS TEXT) AS body
        FROM facts
        WHERE (kind = 2 OR epoch > 0 AND kind = 4 OR epoch > 0 AND INSTR(
                body, CASE WHEN kind IN (3, 6) THEN CAST('"usage"' AS BLOB) WHEN kind = 22 THEN CAST('"in_doubt"' AS BLOB)
                    WHEN kind = 24 THEN CAST('"saved"' AS BLOB) END
            ) OR epoch > 0 AND kind = 22 AND INSTR(body, CAST('"usage"' AS BLOB)) OR kind = 24 AND INSTR(body, CAST('"correction"' AS BLOB)))
            AND place IN (SELECT f.place FROM runs o CROSS JOIN runs s ON s.id = o.id OR s.id > o.id || '.' AND s.id < o.id || '/' AND s.root = o.id CROSS JOIN facts f ON f.place BETWEEN s.n << 24 AND (s.n << 24) + 16777215 WHERE o.n IN (SELECT value FROM JSON_EACH(:trees)))
            AND place IN (SELECT f.place FROM runs s CROSS JOIN facts f ON f.place BETWEEN s.n << 24 AND (s.n << 24) + 16777215 WHERE s.id = :run OR s.id > :run || '.' AND s.id < :run || '/' AND s.root = (SELECT root FROM runs WHERE id = :run))
            AND place IN (SELECT f.place FROM runs s CROSS JOIN facts f ON f.place BETWEEN s.n << 24 AND (s.n << 24) + 16777215 WHERE s.id = :run AND f.key > :below || '.' AND f.key < :below || '/' OR s.id > :run || '.' || :below || '.' AND s.id < :run || '.' || :below || '/' AND s.root = (SELECT root FROM runs WHERE id = :run))
            AND place IN (SELECT f.place FROM (SELECT DISTINCT r.id, r.root FROM conversations k CROSS JOIN facts t INDEXED BY facts_turns ON t.kind = 28 AND CAST(t.body AS TEXT) ->> '$.n' = +k.n CROSS JOIN runs r ON r.n = t.place >> 24 WHERE k.name = :conversation) q CROSS JOIN runs s ON s.id = q.id OR s.id > q.id || '.' AND s.id < q.id || '/' AND s.root = q.root CROSS JOIN facts f ON f.place BETWEEN s.n << 24 AND (s.n << 24) + 16777215)
    ) u
), told AS MATERIALIZED (
    SELECT run, call, MAX(CASE WHEN kind = 3 AND usd IS NOT NULL THEN place END) AS priced,
        MAX(CASE WHEN kind = 3 AND requests > 0 THEN place END) AS counted, COALESCE(MAX(CASE WHEN kind = 4 OR kind = 22 AND doubt IS NOT NULL AND NOT inside THEN place END), 0) AS retried
    FROM used WHERE kind <> 2 GROUP BY run, call HAVING COUNT(*) > 1
), began AS MATERIALIZED (
    SELECT run, call, MIN(at) AS at FROM used WHERE (run, call) IN (SELECT run, call FROM used WHERE payer IS NOT NULL) GROUP BY run, call
), calls AS (
    SELECT u.run, COALESCE(payer, MAX(agent)) AS agent, CASE :by WHEN 'model' THEN COALESCE(model, '') END AS model, conversation,
        CASE WHEN payer IS NULL THEN MIN(u.at) ELSE MIN(b.at) END AS at,
        CASE :by WHEN 'model' THEN MAX(kind NOT IN (22, 24) OR model IS NOT NULL) ELSE SUM(kind = 2 AND epoch > 0) END AS calls,
        SUM(CASE WHEN counted > place AND place > retried AND NOT apart THEN 0 ELSE input END) AS input,
        SUM(CASE WHEN counted > place AND place > retried AND NOT apart THEN 0 ELSE output END) AS output,
        SUM(CASE WHEN counted > place AND place > retried AND NOT apart THEN 0 ELSE requests END) AS requests,
        SUM(CASE WHEN unsure OR priced > place AND place > retried AND NOT apart THEN 0 ELSE usd END) AS usd,
        SUM(usd IS NULL AND requests > 0 AND priced IS NULL) AS unpriced,
        SUM(cpu) AS cpu, SUM(gb) AS gb, 
        TOTAL(doubt) + TOTAL(CASE WHEN unsure AND (priced > place AND place > retried AND NOT apart) IS NOT 1 THEN usd END) AS doubt, MAX(saved) AS saved
    FROM used u LEFT JOIN told t ON t.run = u.run AND t.call = u.call LEFT JOIN began b ON payer IS NOT NULL AND b.run = u.run AND b.call = u.call
    WHERE :by <> 'model' OR kind NOT IN (2, 4, 22, 24) OR model IS NOT NULL OR doubt <> 0
    GROUP BY u.run, u.call, payer, 3, conversation HAVING MAX(epoch) > 0
), known AS (
    SELECT run, CASE :by WHEN 'agent' THEN COALESCE(agent, '') WHEN 'model' THEN model WHEN 'day' THEN DATE(at, 'unixepoch') END AS name, conversation,
        at AS began, at AS ended, calls, requests, input, output, usd, doubt, unpriced, cpu, gb, saved
    FROM calls
    UNION ALL
    SELECT s.run, s.part, NULL, o.costed_from, o.costed_to, calls, requests, input, output, usd, doubt, unpriced, cpu, gb, saved
    FROM run_costs s CROSS JOIN runs o ON o.n = s.root WHERE s.by = :costed
        AND s.root IN (SELECT n FROM runs INDEXED BY runs_costed WHERE costed_from IS NOT NULL AND costed_to >= :since)
)
SELECT CASE :by
        WHEN 'workflow' THEN root.workflow WHEN 'tenant' THEN r.tenant WHEN 'run' THEN r.root
        WHEN 'conversation' THEN COALESCE(c.conversation ->> 1, '') ELSE c.name END AS part,
    SUM(c.calls), COALESCE(SUM(c.requests), 0), COALESCE(SUM(c.input), 0), COALESCE(SUM(c.output), 0),
    TOTAL(c.usd), TOTAL(c.doubt), COALESCE(SUM(c.unpriced), 0),
    COUNT(DISTINCT root.n), COUNT(DISTINCT CASE root.state WHEN 'done' THEN root.n END), TOTAL(c.cpu), TOTAL(c.gb), TOTAL(c.saved),
    CASE :by WHEN 'conversation' THEN COALESCE(c.conversation ->> 0, 0) ELSE 0 END AS number, MAX(CASE WHEN :by = 'conversation' AND c.conversation IS NOT NULL THEN r.tenant END),
    CASE WHEN :each THEN c.run END AS run, root.n, MIN(c.began), MAX(c.ended), ROUND(-TOTAL(c.usd) - TOTAL(c.doubt), 9) AS place
FROM known c JOIN runs r ON r.n = c.run
    JOIN runs root ON root.n = CASE r.root WHEN r.id THEN r.n ELSE (SELECT n FROM runs WHERE id = r.root) END
WHERE true
    AND EXISTS (SELECT 1 FROM conversations k WHERE k.n = c.conversation ->> 0 AND k.name = :conversation)
    AND c.began >= :since
    AND c.ended < :until
    AND r.tenant = :tenant
    AND r.principal = :principal
    AND r.tag = :tag
    AND (r.id LIKE :text ESCAPE '\' OR r.tag LIKE :text ESCAPE '\' OR r.workflow LIKE :text ESCAPE '\' OR r.reason LIKE :text ESCAPE '\')
GROUP BY part, number, 16
HAVING true
    AND (place, part, number) > (:less, :part, :number)
ORDER BY place, part, number LIMIT :limit
