SELECT key, value, version, at, until FROM memory WHERE n = %s AND (until IS NULL OR until > %s)
