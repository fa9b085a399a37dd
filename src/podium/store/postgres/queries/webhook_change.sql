UPDATE webhooks SET name = %s, url = %s, tenant = %s, scope = %s, "values" = %s, secret = %s, former = %s, former_until = %s, off = %s,
    held_since = NULL, held_tries = NULL, held_until = NULL, held_why = NULL
WHERE id = %s
