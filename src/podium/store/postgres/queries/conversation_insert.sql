INSERT INTO conversations (tenant, principal, name, created_at, changed_at, revision, forked_from, forked_at)
VALUES (%(tenant)s, %(principal)s, %(name)s, %(at)s, %(at)s, coalesce(%(forked_at)s::bigint, 0), %(forked_from)s, %(forked_at)s::bigint)
RETURNING n
