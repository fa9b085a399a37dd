UPDATE api_keys SET former = digest, former_until = ?, digest = ?, issued_at = ?, issued_by = ? WHERE id = ? AND revoked_at IS NULL
