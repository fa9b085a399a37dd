UPDATE delegations SET revoked_at = %(2)s WHERE id = %(1)s AND revoked_at IS NULL
