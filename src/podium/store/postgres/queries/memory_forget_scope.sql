DELETE FROM memory WHERE scope = %s
