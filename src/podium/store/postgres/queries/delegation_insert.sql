INSERT INTO delegations (id, by, "to", tenant, scope, expires, quota, granted_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
