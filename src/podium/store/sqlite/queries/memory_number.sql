SELECT n FROM memory WHERE scope = ? AND key = ?
