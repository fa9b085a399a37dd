UPDATE delegations SET used = used + 1
WHERE id = %(1)s AND revoked_at IS NULL AND (expires IS NULL OR expires > %(2)s) AND (quota IS NULL OR used < quota)
