INSERT INTO webhooks (id, name, url, tenant, scope, "values", secret, former, former_until, off, made_at, made_by, cursor)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING
