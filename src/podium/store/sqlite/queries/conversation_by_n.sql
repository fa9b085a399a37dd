SELECT n, tenant, principal, name, revision FROM conversations WHERE n = ?
