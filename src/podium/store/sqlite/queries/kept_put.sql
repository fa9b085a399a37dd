INSERT INTO answers_kept (agent, version, tenant, digest, value, run, key, until) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET value = excluded.value, run = excluded.run, key = excluded.key, until = excluded.until
