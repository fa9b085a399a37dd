DELETE FROM memory WHERE scope = ?1 AND key = ?2 AND until <= ?3
