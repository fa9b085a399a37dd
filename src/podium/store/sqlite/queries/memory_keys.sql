SELECT key FROM memory WHERE scope = ?1 AND substr(key, 1, length(?2)) = ?2 AND (until IS NULL OR until > ?3)
ORDER BY key
