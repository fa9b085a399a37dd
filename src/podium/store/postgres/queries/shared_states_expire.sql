-- What somebody changes just now is left for the next.
DELETE FROM shared_states WHERE name IN (
    SELECT name FROM (SELECT name, until FROM shared_states WHERE name > %s ORDER BY name LIMIT %s FOR UPDATE SKIP LOCKED) s WHERE until < %s
)
