UPDATE api_keys SET used_at = %s WHERE id = %s
