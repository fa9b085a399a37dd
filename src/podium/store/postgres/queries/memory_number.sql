SELECT n FROM memory WHERE scope = %s AND key = %s AND version = %s AND (until IS NULL OR until > %s)
