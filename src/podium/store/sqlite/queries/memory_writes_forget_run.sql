-- Who writes has the id of the run, a colon and a key; ids may have colons too, so what belongs to a longer id that is there stays.
DELETE FROM memory_writes WHERE writer > ?1 || ':' AND writer < ?1 || ';'
AND NOT EXISTS (
    SELECT 1 FROM runs r WHERE r.id > ?1 || ':' AND r.id < ?1 || ';' AND substr(writer, 1, length(r.id) + 1) = r.id || ':'
)
