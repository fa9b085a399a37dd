-- What somebody else forgets just now is left to them.
DELETE FROM memory_writes WHERE (writer, scope, key, what) IN (
    SELECT writer, scope, key, what FROM memory_writes WHERE at < %s FOR UPDATE SKIP LOCKED
)
