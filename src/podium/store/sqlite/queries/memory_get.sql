SELECT value, version, at, writer FROM memory WHERE scope = ? AND key = ?
