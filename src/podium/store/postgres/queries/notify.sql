-- Who tells others waits for who else does: nobody is told where no other worker is alive.
SELECT pg_notify('podium_' || md5(current_schema()), %s) WHERE EXISTS (SELECT 1 FROM workers WHERE fenced = 0 AND id <> %s)
