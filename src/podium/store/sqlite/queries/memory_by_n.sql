SELECT key, value, version, at, until FROM memory WHERE n = ?1 AND (until IS NULL OR until > ?2)
