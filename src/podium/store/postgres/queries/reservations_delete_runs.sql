DELETE FROM reservations WHERE run = ANY (%s::bigint[])
