SELECT key FROM memory WHERE scope = %(1)s AND key >= %(2)s AND substr(key, 1, octet_length(%(2)s)) = %(2)s
    AND (until IS NULL OR until > %(3)s) ORDER BY key
