UPDATE memory SET value = ?3, version = version + 1, writer = ?4, at = ?5, until = ?6 WHERE scope = ?1 AND key = ?2
RETURNING n, version
