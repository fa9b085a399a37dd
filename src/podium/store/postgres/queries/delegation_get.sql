SELECT id, by, "to", tenant, scope, expires, quota, used, granted_at, revoked_at FROM delegations WHERE id = %s
