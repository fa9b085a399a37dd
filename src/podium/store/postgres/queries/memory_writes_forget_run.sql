-- Who writes has the id of the run, a colon and a key; ids may have colons too, so what belongs to a longer id that is there stays.
DELETE FROM memory_writes w WHERE writer > %(1)s::text || ':' AND writer < %(1)s::text || ';'
AND NOT EXISTS (
    SELECT 1 FROM runs r WHERE r.id > %(1)s::text || ':' AND r.id < %(1)s::text || ';' AND substr(w.writer, 1, length(r.id) + 1) = r.id || ':'
)
