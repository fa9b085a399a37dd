WITH RECURSIVE family (id) AS (
    SELECT ?1
    UNION
    SELECT c.id FROM family f JOIN runs c ON c.parent = f.id
)
SELECT r.id, r.epoch, r.facts, r.head, r.state, r.workflow, r.ended_at, (
    SELECT TOTAL(80 + LENGTH(key) + COALESCE(LENGTH(body), 0) + COALESCE(LENGTH(payload), 0))
    FROM facts WHERE place BETWEEN r.n << 24 AND (r.n << 24) + 16777215
) + (
    SELECT TOTAL(LENGTH(b.body)) FROM blobs b WHERE b.hash IN (
        SELECT blob FROM facts WHERE place BETWEEN r.n << 24 AND (r.n << 24) + 16777215 AND blob IS NOT NULL
    )
)
FROM family f JOIN runs r ON r.id = f.id ORDER BY r.n
