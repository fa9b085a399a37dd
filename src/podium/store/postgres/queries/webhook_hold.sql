UPDATE webhooks SET held_since = %s, held_tries = %s, held_until = %s, held_why = %s WHERE id = %s
