UPDATE webhooks SET refused_since = %s, refused_tries = %s, refused_why = %s WHERE id = %s
