-- What may come back of a budget: of calls under way in runs that are driven, and of shares below which something goes on. Not
-- what is named, nor what calls hold that wait themselves.
WITH RECURSIVE held (id) AS (
    SELECT h.id FROM budget_waits w JOIN runs ON runs.n = w.run AND runs.epoch = w.epoch AND runs.state = 'running', unnest(w.holds) AS h (id)
    UNION ALL
    SELECT * FROM unnest(%(without)s::text[])
), parts AS (
    SELECT r.id, r.run, part, r.id >= 'share:' AND r.id < 'share;' AS is_share
    FROM reservations r, jsonb_array_elements(r.parts) AS part
    WHERE NOT (r.escrow AND NOT (r.id >= 'share:' AND r.id < 'share;')) AND part ->> 0 = %(budget)s
        AND r.id NOT IN (SELECT id FROM held)
), below (share, id, state) AS (
    SELECT p.id, runs.id, runs.state FROM parts p JOIN runs ON p.is_share AND runs.id = substr(p.id, 7)
    UNION
    SELECT b.share, c.id, c.state FROM below b JOIN runs c ON c.parent = b.id
)
SELECT COALESCE(SUM((part ->> 1)::bigint), 0)::bigint, COALESCE(SUM((part ->> 2)::bigint), 0)::bigint,
    COALESCE(SUM((part ->> 3)::bigint), 0)::bigint
FROM parts p
WHERE CASE
    WHEN p.is_share AND EXISTS (SELECT 1 FROM below b WHERE b.share = p.id)
    THEN EXISTS (SELECT 1 FROM below b WHERE b.share = p.id AND b.state IN ('running', 'ready'))
    ELSE EXISTS (SELECT 1 FROM runs WHERE n = p.run AND state = 'running')
END
