-- As bytes: a text that has a NUL ends there for SQLite.
SELECT key FROM memory WHERE scope = ?1 AND key >= ?2 AND instr(CAST(key AS BLOB), CAST(?2 AS BLOB)) = 1
AND (until IS NULL OR until > ?3) ORDER BY key
