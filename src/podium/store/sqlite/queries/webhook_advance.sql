UPDATE webhooks SET cursor = ?, held_since = NULL, held_tries = NULL, held_until = NULL, held_why = NULL
WHERE id = ? AND cursor = ?
