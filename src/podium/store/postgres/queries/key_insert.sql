INSERT INTO api_keys (id, name, who, tenant, scope, expires, made_at, made_by, digest, issued_at, issued_by) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
