UPDATE webhooks SET refused_since = ?, refused_tries = ?, refused_why = ? WHERE id = ?
