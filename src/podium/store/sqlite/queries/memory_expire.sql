DELETE FROM memory WHERE n IN (SELECT n FROM memory WHERE until <= ?1 LIMIT ?2)
