UPDATE webhooks SET name = ?, url = ?, tenant = ?, scope = ?, "values" = ?, secret = ?, former = ?, former_until = ?, off = ?,
    held_since = NULL, held_tries = NULL, held_until = NULL, held_why = NULL,
    refused_since = NULL, refused_tries = NULL, refused_why = NULL
WHERE id = ? AND name = ? AND url = ? AND scope = ? AND "values" = ? AND secret = ? AND off IS ?
