INSERT INTO answers_kept (digest, agent, version, tenant, until, run, key, value, usd)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (digest, agent, version, tenant) DO UPDATE
SET until = excluded.until, run = excluded.run, key = excluded.key, value = excluded.value, usd = excluded.usd
