DELETE FROM signals WHERE run = ANY (%s::bigint[])
