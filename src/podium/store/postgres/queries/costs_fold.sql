-- By `by`, of all runs, of `run` with all it started, of what was done in it `below` a key, or of the turns in `conversation`. Conversations of one
-- name are apart, by number. What is done in a turn has a key below that of the turn, and the id of a child run begins with that of its parent and
-- the key; so a path of id and key says which turns are around it. The innermost counts; of several that a call had one after the other the one of that time.
-- Epoch 0 are the facts that a fork copied: they were paid for in another run, and only say whose calls go on in the fork. What a
-- call tells itself counts instead of what its steps told before in the same attempt, which matters where it is told more than once; what was in doubt counts with
-- what was set aside, in billionths of a dollar, or with a usage that says so. What was settled may have the usage of a request whose answer
-- is not recorded. What an operator gave back is in a run of its own, and counts for the call that it names. Finding a kept answer, and whoever is
-- asked beside a call, is paid apart from it; what a kept answer saved has no model. Money is added up exactly: so the order does not matter, and pages fit together.
-- What trees of runs spent that have ended is known, but for `trees`, whose facts are read; a tree counts as a whole or not at all. For `each` run alone it is found out so.
-- By agent, what a fallback spent, or whoever is asked beside a call, stands under their names, at the time of the call: facts say `by` whom, and answers what they are short of.
WITH turns AS MATERIALIZED (
    SELECT r.root, CASE WHEN o.key = 'start' THEN r.id ELSE r.id || '.' || CASE WHEN o.key LIKE '%%.start' THEN left(o.key, -6) ELSE o.key END END AS path, o.at,
        o.turn AS number, json_of(o.body) ->> 'conversation' AS name
    FROM facts o JOIN runs r ON r.n = o.place >> 24
    WHERE o.kind = 28 AND o.turn IS NOT NULL AND %(turns)s
        AND o.place IN (SELECT f.place FROM (SELECT DISTINCT r.id, r.root FROM conversations k JOIN facts t ON t.kind = 28 AND t.turn = k.n JOIN runs r ON r.n = t.place >> 24 WHERE k.name = %(conversation)s) q JOIN runs s ON s.id = q.id OR s.id > q.id || '.' AND s.id < q.id || '/' AND s.root = q.root JOIN facts f ON f.place BETWEEN s.n << 24 AND (s.n << 24) + 16777215)
), chosen AS MATERIALIZED (
    SELECT CASE WHEN kind = 24 AND said ->> 'guard' = 'correction' THEN (SELECT n FROM runs WHERE id = said ->> 'run') ELSE place >> 24 END AS run,
        place, kind, at, epoch, left(key, strpos(key || '/', '/') - 1) AS call,
        strpos(key, '/cache/embed#') > 0 OR strpos(key, '/guard/') > 0 AS apart, strpos(key, '/') > 0 AS inside, said
    FROM (
        SELECT place, kind, key, at, epoch, json_of(body) AS said
        FROM facts
        WHERE (kind = 2 OR epoch > 0 AND kind = 4 OR epoch > 0 AND position(
                CASE WHEN kind IN (3, 6) THEN '"usage"'::bytea WHEN kind = 22 THEN '"in_doubt"'::bytea WHEN kind = 24 THEN '"saved"'::bytea END IN body
            ) > 0 OR epoch > 0 AND kind = 22 AND position('"usage"'::bytea IN body) > 0 OR kind = 24 AND position('"correction"'::bytea IN body) > 0)
            AND place IN (SELECT f.place FROM json_array_elements_text(%(trees)s::json) w JOIN runs o ON o.n = w::bigint JOIN runs s ON s.id = o.id OR s.id > o.id || '.' AND s.id < o.id || '/' AND s.root = o.id JOIN facts f ON f.place BETWEEN s.n << 24 AND (s.n << 24) + 16777215)
            AND place IN (SELECT f.place FROM runs s JOIN facts f ON f.place BETWEEN s.n << 24 AND (s.n << 24) + 16777215 WHERE s.id = %(run)s::text OR s.id > %(run)s::text || '.' AND s.id < %(run)s::text || '/' AND s.root = (SELECT root FROM runs WHERE id = %(run)s))
            AND place IN (SELECT f.place FROM runs s JOIN facts f ON f.place BETWEEN s.n << 24 AND (s.n << 24) + 16777215 WHERE s.id = %(run)s::text AND f.key > %(below)s::text || '.' AND f.key < %(below)s::text || '/' OR s.id > %(run)s::text || '.' || %(below)s::text || '.' AND s.id < %(run)s::text || '.' || %(below)s::text || '/' AND s.root = (SELECT root FROM runs WHERE id = %(run)s))
            AND place IN (SELECT f.place FROM (SELECT DISTINCT r.id, r.root FROM conversations k JOIN facts t ON t.kind = 28 AND t.turn = k.n JOIN runs r ON r.n = t.place >> 24 WHERE k.name = %(conversation)s) q JOIN runs s ON s.id = q.id OR s.id > q.id || '.' AND s.id < q.id || '/' AND s.root = q.root JOIN facts f ON f.place BETWEEN s.n << 24 AND (s.n << 24) + 16777215)
    ) f
), around AS MATERIALIZED (
    SELECT DISTINCT ON (u.place) u.place, t.number, t.name
    FROM chosen u JOIN runs r ON r.n = u.run
        CROSS JOIN LATERAL (SELECT string_to_array(r.id || '.' || u.call, '.') AS parts) p
        CROSS JOIN LATERAL generate_subscripts(p.parts, 1) i
        JOIN turns t ON t.root = r.root AND t.path = array_to_string(p.parts[1:i], '.')
    WHERE %(turns)s
    ORDER BY u.place, length(t.path) DESC, t.at > u.at, abs(t.at - u.at)
), used AS MATERIALIZED (
    SELECT run, u.place, kind, at, epoch, call, inside, apart OR kind IN (6, 22) AND said ? 'beside' AS apart, a.number, a.name,
        CASE kind WHEN 2 THEN said ->> 'agent' END AS agent,
        CASE WHEN %(by)s::text <> 'agent' OR kind IN (2, 4) THEN NULL WHEN kind IN (6, 22) THEN said ->> 'by' WHEN kind = 24 THEN nullif(said ->> 'agent', '')
            WHEN said ? 'degraded' THEN (SELECT d ->> 'by' FROM jsonb_array_elements(said -> 'degraded') d WHERE d ->> 'key' = u.call LIMIT 1) END AS payer,
        CASE WHEN kind IN (3, 6, 22) THEN said #>> '{usage,model}' END AS model,
        CASE WHEN kind IN (3, 6, 22) THEN (said #>> '{usage,input_tokens}')::numeric END AS input,
        CASE WHEN kind IN (3, 6, 22) THEN (said #>> '{usage,output_tokens}')::numeric END AS output,
        CASE WHEN kind IN (3, 6, 22) THEN (said #>> '{usage,requests}')::numeric END AS requests,
        CASE WHEN kind IN (3, 6, 22) THEN (said #>> '{usage,usd}')::numeric END AS usd,
        CASE WHEN kind IN (3, 6) THEN (said #>> '{usage,cpu_seconds}')::numeric END AS cpu,
        CASE WHEN kind IN (3, 6) THEN (said #>> '{usage,gb_seconds}')::numeric END AS gb,
        CASE WHEN kind = 22 AND said ->> 'in_doubt' NOT IN ('false', '0') THEN coalesce(said ->> 'untold', said ->> 'doubt', said ->> 'usd')::numeric / 1e9
            WHEN kind = 24 AND said ->> 'guard' = 'correction' THEN (said ->> 'usd')::numeric / -1e9 END AS doubt,
        coalesce(kind IN (3, 6, 22) AND said #>> '{usage,in_doubt}' NOT IN ('false', '0'), false) AS unsure,
        CASE WHEN kind = 24 AND said ->> 'guard' = 'cache' THEN (said ->> 'saved')::numeric END AS saved
    FROM chosen u LEFT JOIN around a ON a.place = u.place
), told AS MATERIALIZED (
    SELECT run, call, max(CASE WHEN kind = 3 AND usd IS NOT NULL THEN place END) AS priced,
        max(CASE WHEN kind = 3 AND requests > 0 THEN place END) AS counted,
        coalesce(max(CASE WHEN kind = 4 OR kind = 22 AND doubt IS NOT NULL AND NOT inside THEN place END), 0) AS retried
    FROM used WHERE kind <> 2 GROUP BY run, call HAVING count(*) > 1
), began AS MATERIALIZED (
    SELECT run, call, min(at) AS at FROM used WHERE (run, call) IN (SELECT run, call FROM used WHERE payer IS NOT NULL) GROUP BY run, call
), calls AS (
    SELECT u.run, coalesce(payer, max(agent)) AS agent, CASE %(by)s::text WHEN 'model' THEN coalesce(model, '') END AS model, u.number, u.name,
        CASE WHEN payer IS NULL THEN min(u.at) ELSE min(b.at) END AS at,
        CASE %(by)s::text WHEN 'model' THEN max((kind NOT IN (22, 24) OR model IS NOT NULL)::integer) ELSE count(*) FILTER (WHERE kind = 2 AND epoch > 0) END AS calls,
        sum(CASE WHEN counted > place AND place > retried AND NOT apart THEN 0 ELSE input END) AS input,
        sum(CASE WHEN counted > place AND place > retried AND NOT apart THEN 0 ELSE output END) AS output,
        sum(CASE WHEN counted > place AND place > retried AND NOT apart THEN 0 ELSE requests END) AS requests,
        sum(CASE WHEN unsure OR priced > place AND place > retried AND NOT apart THEN 0 ELSE usd END) AS usd,
        count(*) FILTER (WHERE usd IS NULL AND requests > 0 AND priced IS NULL) AS unpriced,
        sum(cpu) AS cpu, sum(gb) AS gb,
        coalesce(sum(doubt), 0) + coalesce(sum(CASE WHEN unsure AND (priced > place AND place > retried AND NOT apart) IS NOT TRUE THEN usd END), 0) AS doubt, max(saved) AS saved
    FROM used u LEFT JOIN told t ON t.run = u.run AND t.call = u.call LEFT JOIN began b ON payer IS NOT NULL AND b.run = u.run AND b.call = u.call
    WHERE %(by)s::text <> 'model' OR kind NOT IN (2, 4, 22, 24) OR model IS NOT NULL OR doubt <> 0
    GROUP BY u.run, u.call, payer, 3, u.number, u.name HAVING max(epoch) > 0
), known AS (
    SELECT run, CASE %(by)s::text WHEN 'agent' THEN coalesce(agent, '') WHEN 'model' THEN model WHEN 'day' THEN to_char(to_timestamp(at) AT TIME ZONE 'UTC', 'YYYY-MM-DD') END AS part,
        number, name, at AS began, at AS ended, calls, requests, input, output, usd, doubt, unpriced, cpu, gb, saved
    FROM calls
    UNION ALL
    SELECT s.run, s.part, NULL, NULL, o.costed_from, o.costed_to, calls, requests, input, output, usd, doubt, unpriced, cpu, gb, saved
    FROM run_costs s JOIN runs o ON o.n = s.root WHERE s.by = %(costed)s
        AND s.root IN (SELECT n FROM runs WHERE costed_from IS NOT NULL AND costed_to >= %(since)s)
), named AS (
    SELECT (CASE %(by)s::text
            WHEN 'workflow' THEN root.workflow WHEN 'tenant' THEN r.tenant WHEN 'run' THEN r.root
            WHEN 'conversation' THEN coalesce(c.name, '') ELSE c.part
        END) COLLATE "C" AS named,
        CASE WHEN %(each)s THEN c.run END AS apart,
        CASE %(by)s::text WHEN 'conversation' THEN coalesce(c.number, 0) ELSE 0 END AS of,
        CASE WHEN %(by)s::text = 'conversation' AND c.number IS NOT NULL THEN r.tenant END AS tenant,
        root.n AS root, root.state, c.*
    FROM known c JOIN runs r ON r.n = c.run JOIN runs root ON root.id = r.root
    WHERE true
        AND EXISTS (SELECT 1 FROM conversations k WHERE k.n = c.number AND k.name = %(conversation)s)
        AND c.began >= %(since)s
        AND c.ended < %(until)s
        AND r.tenant = %(tenant)s
        AND r.principal = %(principal)s
        AND r.tag = %(tag)s
        AND (r.id ILIKE %(text)s OR r.tag ILIKE %(text)s OR r.workflow ILIKE %(text)s OR r.reason ILIKE %(text)s)
)
SELECT named, sum(calls)::bigint, coalesce(sum(requests), 0)::bigint, coalesce(sum(input), 0)::bigint, coalesce(sum(output), 0)::bigint,
    coalesce(sum(usd), 0)::double precision, coalesce(sum(doubt), 0)::double precision, coalesce(sum(unpriced), 0)::bigint,
    count(DISTINCT root), count(DISTINCT root) FILTER (WHERE state = 'done'), coalesce(sum(cpu), 0)::double precision,
    coalesce(sum(gb), 0)::double precision, coalesce(sum(saved), 0)::double precision, of, max(tenant), apart, max(root), min(began), max(ended), -coalesce(sum(usd), 0)::double precision - coalesce(sum(doubt), 0)::double precision
FROM named
GROUP BY named, of, apart
HAVING true
    AND (-coalesce(sum(usd), 0)::double precision - coalesce(sum(doubt), 0)::double precision, named, of) > (%(less)s, %(part)s, %(number)s)
ORDER BY -coalesce(sum(usd), 0)::double precision - coalesce(sum(doubt), 0)::double precision, named, of LIMIT %(limit)s
