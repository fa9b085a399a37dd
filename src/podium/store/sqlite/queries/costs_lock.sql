-- Nobody else writes while a transaction does.
SELECT value FROM JSON_EACH(?)
