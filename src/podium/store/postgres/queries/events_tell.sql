-- Nobody is told where no other worker is alive. It is no part of what was committed: who tells others waits for who else does.
SELECT pg_notify('podium_streams_' || md5(current_schema()), %s) WHERE EXISTS (SELECT 1 FROM workers WHERE fenced = 0 AND id <> %s)
