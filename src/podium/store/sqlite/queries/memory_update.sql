UPDATE memory SET value = ?, version = version + 1, writer = ?, at = ? WHERE scope = ? AND key = ?
RETURNING n, version
