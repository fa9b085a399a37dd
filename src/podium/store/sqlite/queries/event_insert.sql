INSERT INTO events (at, type, run, root, workflow, tenant, principal, content)
SELECT COALESCE(?1, (julianday('now') - 2440587.5) * 86400.0), ?2, id, root, workflow, tenant, principal, ?4 FROM runs WHERE n = ?3
