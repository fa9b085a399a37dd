UPDATE webhooks SET name = %s, url = %s, tenant = %s, scope = %s, "values" = %s, secret = %s, former = %s, former_until = %s, off = %s,
    held_since = NULL, held_tries = NULL, held_until = NULL, held_why = NULL,
    refused_since = NULL, refused_tries = NULL, refused_why = NULL
WHERE id = %s AND name = %s AND url = %s AND scope = %s AND "values" = %s AND secret = %s AND off IS NOT DISTINCT FROM %s
