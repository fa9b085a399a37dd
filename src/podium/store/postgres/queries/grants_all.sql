SELECT id, by, "to", tenant, scope, expires, quota, granted_at, revoked_at FROM delegations ORDER BY id
