SELECT id, name, who, tenant, scope, expires, made_at, made_by, digest, former, former_until, issued_at, issued_by, revoked_at, revoked_by, used_at FROM api_keys WHERE id = ?
