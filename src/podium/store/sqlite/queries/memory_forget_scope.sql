DELETE FROM memory WHERE scope = ?
