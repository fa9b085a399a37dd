-- What somebody changes just now is left for the next.
DELETE FROM memory WHERE n IN (SELECT n FROM memory WHERE until <= %s LIMIT %s FOR UPDATE SKIP LOCKED)
