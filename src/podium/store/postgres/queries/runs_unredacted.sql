-- Kind 19 says that all before it was redacted. A run that may be retried with what started it is left alone.
SELECT r.id FROM runs r JOIN runs root ON root.id = r.root
WHERE r.state IN ('done', 'failed', 'cancelled') AND r.ended_at < %(1)s
    AND root.state IN ('done', 'failed', 'cancelled') AND root.ended_at < %(1)s
    AND (SELECT kind FROM facts WHERE place = (r.n << 24) + r.facts - 1) <> 19
ORDER BY r.n
