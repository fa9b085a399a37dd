SELECT id, name, url, tenant, scope, "values", secret, former, former_until, off, made_at, made_by, cursor, held_since, held_tries,
    held_until, held_why, refused_since, refused_tries, refused_why
FROM webhooks WHERE id = ?
