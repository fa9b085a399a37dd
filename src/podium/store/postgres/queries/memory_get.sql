SELECT value, version, at, until FROM memory WHERE scope = %s AND key = %s AND (until IS NULL OR until > %s)
