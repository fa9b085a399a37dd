UPDATE delegations SET used = used + 1
WHERE id = ?1 AND revoked_at IS NULL AND (expires IS NULL OR expires > ?2) AND (quota IS NULL OR used < quota)
