REPLACE INTO answers_kept (digest, agent, version, tenant, until, run, key, value, usd) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
