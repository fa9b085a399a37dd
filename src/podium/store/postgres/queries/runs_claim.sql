-- One that somebody else is just changing is left out: mostly it is claimed there. Whoever looks again finds it, if not.
UPDATE runs SET state = 'running', epoch = epoch + 1, owner = %(worker)s, wake_at = NULL
WHERE n IN (
        SELECT n FROM runs WHERE n = ANY (%(numbers)s::bigint[]) AND state = 'ready' AND workflow = ANY (%(workflows)s::text[])
        ORDER BY n FOR NO KEY UPDATE SKIP LOCKED
    )
    AND EXISTS (SELECT 1 FROM workers WHERE id = %(worker)s AND fenced = 0)
RETURNING n
