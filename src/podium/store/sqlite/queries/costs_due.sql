-- Roots of trees that have ended and are not added up, or of these those that still are such :trees, with what tells whether one has changed.
SELECT o.n, o.created_at, (
        SELECT COUNT(*) || ' ' || SUM(s.epoch) || ' ' || SUM(s.facts) FROM runs s
        WHERE s.id = o.id OR s.id > o.id || '.' AND s.id < o.id || '/' AND s.root = o.id
    )
FROM runs o INDEXED BY runs_uncosted
WHERE o.costed_from IS NULL AND o.id = o.root AND o.ended_at IS NOT NULL
    AND NOT EXISTS (
        SELECT 1 FROM runs s
        WHERE (s.id = o.id OR s.id > o.id || '.' AND s.id < o.id || '/' AND s.root = o.id) AND s.state NOT IN ('done', 'failed', 'cancelled')
    )
    AND o.n IN (SELECT value FROM JSON_EACH(:trees))
LIMIT :limit
