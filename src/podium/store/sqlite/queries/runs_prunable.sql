-- Runs that nobody started which is there, and all they started, where all of them ended before a time.
SELECT r.n, r.id FROM runs r
WHERE r.n > :after AND r.parent IS NULL AND r.ended_at < :before
    AND r.state IN (SELECT value FROM JSON_EACH(:states))
    AND r.tenant = :tenant
    AND NOT EXISTS (
        WITH RECURSIVE family (id) AS (
            SELECT c.id FROM runs c WHERE c.parent = r.id
            UNION
            SELECT c.id FROM family f JOIN runs c ON c.parent = f.id
        )
        SELECT 1 FROM runs m WHERE m.id IN family
            AND (m.state NOT IN ('done', 'failed', 'cancelled') OR m.ended_at >= :before)
    )
ORDER BY r.n LIMIT :limit
