SELECT n FROM memory WHERE scope = ?1 AND key = ?2 AND version = ?3 AND (until IS NULL OR until > ?4)
