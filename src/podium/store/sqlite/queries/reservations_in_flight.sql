-- What may come back of ?1: of calls under way in runs that are driven, and of shares below which something goes on. Not what is
-- named in ?2, nor what calls hold that wait themselves.
WITH held (id) AS (
    SELECT h.value
    FROM budget_waits w JOIN runs ON runs.n = w.run AND runs.epoch = w.epoch AND runs.state = 'running', json_each(w.holds) AS h
    UNION ALL
    SELECT value FROM json_each(?2)
)
SELECT COALESCE(SUM(part ->> 1), 0), COALESCE(SUM(part ->> 2), 0), COALESCE(SUM(part ->> 3), 0)
FROM (
    SELECT p.value AS part
    FROM runs CROSS JOIN reservations r ON r.run = runs.n, json_each(r.parts) AS p
    WHERE runs.state = 'running' AND NOT r.escrow AND NOT (r.id >= 'share:' AND r.id < 'share;')
        AND p.value ->> 0 = ?1 AND r.id NOT IN (SELECT id FROM held)
    UNION ALL
    SELECT p.value
    FROM reservations r, json_each(r.parts) AS p
    WHERE r.id >= 'share:' AND r.id < 'share;' AND p.value ->> 0 = ?1 AND r.id NOT IN (SELECT id FROM held)
        AND CASE WHEN EXISTS (SELECT 1 FROM runs WHERE id = substr(r.id, 7)) THEN EXISTS (
            WITH RECURSIVE below (id, state) AS (
                SELECT id, state FROM runs WHERE id = substr(r.id, 7)
                UNION ALL
                SELECT c.id, c.state FROM runs c JOIN below ON c.parent = below.id
            )
            SELECT 1 FROM below WHERE state IN ('running', 'ready')
        ) ELSE EXISTS (SELECT 1 FROM runs WHERE n = r.run AND state = 'running') END
)
