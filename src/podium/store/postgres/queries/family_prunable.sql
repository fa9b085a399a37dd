WITH RECURSIVE family (id) AS (
    SELECT r.id FROM runs r WHERE r.id = %s
    UNION
    SELECT c.id FROM family f JOIN runs c ON c.parent = f.id
)
SELECT r.id, r.epoch, r.facts, r.head, r.state, r.workflow, r.ended_at, ((
    SELECT coalesce(sum(80 + octet_length(key) + coalesce(octet_length(body), 0) + coalesce(octet_length(payload), 0)), 0)
    FROM facts WHERE place BETWEEN r.n << 24 AND (r.n << 24) + 16777215
) + (
    SELECT coalesce(sum(octet_length(b.body)), 0) FROM blobs b WHERE b.hash IN (
        SELECT blob FROM facts WHERE place BETWEEN r.n << 24 AND (r.n << 24) + 16777215 AND blob IS NOT NULL
    )
))::bigint
FROM family f JOIN runs r ON r.id = f.id ORDER BY r.n
