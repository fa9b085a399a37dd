UPDATE runs SET state = 'running', epoch = epoch + 1, owner = %(worker)s, wake_at = NULL
WHERE n IN (
        SELECT n FROM runs WHERE n = ANY (%(numbers)s::bigint[]) AND state = 'ready' AND workflow = ANY (%(workflows)s::text[])
        ORDER BY n FOR NO KEY UPDATE
    )
RETURNING n
