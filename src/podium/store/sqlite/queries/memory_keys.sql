SELECT key FROM memory WHERE scope = ?1 AND substr(key, 1, length(?2)) = ?2 ORDER BY key
