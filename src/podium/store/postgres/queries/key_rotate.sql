UPDATE api_keys SET former = digest, former_until = %s, digest = %s, issued_at = %s, issued_by = %s WHERE id = %s AND revoked_at IS NULL
