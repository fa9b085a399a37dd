DELETE FROM memory WHERE scope = ? AND key = ?
