UPDATE webhooks SET cursor = %s, held_since = NULL, held_tries = NULL, held_until = NULL, held_why = NULL
WHERE id = %s AND cursor = %s
