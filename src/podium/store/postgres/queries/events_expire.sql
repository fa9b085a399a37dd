DELETE FROM events WHERE position < %(2)s::bigint + %(3)s::bigint AND position < coalesce(
    (SELECT position FROM events WHERE at >= %(1)s ORDER BY position LIMIT 1), (SELECT max(position) FROM events)
)
