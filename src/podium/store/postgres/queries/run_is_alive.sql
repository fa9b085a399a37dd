WITH RECURSIVE below (id, state) AS (
    SELECT id, state FROM runs WHERE id = %s
    UNION
    SELECT r.id, r.state FROM runs r JOIN below ON r.parent = below.id
)
SELECT 1 FROM below WHERE state NOT IN ('done', 'failed', 'cancelled') LIMIT 1
