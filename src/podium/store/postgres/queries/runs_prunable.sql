-- Runs that nobody started which is there, and all they started, where all of them ended before a time.
SELECT r.n, r.id FROM runs r
WHERE r.n > %(after)s AND r.parent IS NULL AND r.ended_at < %(before)s
    AND r.state IN (SELECT jsonb_array_elements_text(%(states)s::jsonb))
    AND r.tenant = %(tenant)s
    AND NOT EXISTS (
        WITH RECURSIVE family (id) AS (
            SELECT c.id FROM runs c WHERE c.parent = r.id
            UNION
            SELECT c.id FROM family f JOIN runs c ON c.parent = f.id
        )
        SELECT 1 FROM family f JOIN runs m ON m.id = f.id
        WHERE m.state NOT IN ('done', 'failed', 'cancelled') OR m.ended_at >= %(before)s
    )
ORDER BY r.n LIMIT %(limit)s
