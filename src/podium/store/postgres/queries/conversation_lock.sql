SELECT n, tenant, principal, name, revision, coalesce(forked_at, 0) FROM conversations WHERE tenant = %s AND name = %s
FOR NO KEY UPDATE
