SELECT n, tenant, principal, name, revision, coalesce(forked_at, 0) FROM conversations WHERE n = %s FOR NO KEY UPDATE
