UPDATE webhooks SET held_since = ?, held_tries = ?, held_until = ?, held_why = ? WHERE id = ?
