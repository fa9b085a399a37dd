SELECT value, version, at, until FROM memory WHERE scope = ?1 AND key = ?2 AND (until IS NULL OR until > ?3)
