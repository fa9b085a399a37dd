UPDATE api_keys SET used_at = ? WHERE id = ?
