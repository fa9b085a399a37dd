UPDATE memory SET value = ?, version = version + 1, writer = ?, at = ?, until = ? WHERE scope = ? AND key = ?
RETURNING n, version
