DELETE FROM runs WHERE n = ANY (%s::bigint[])
