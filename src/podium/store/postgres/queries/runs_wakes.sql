SELECT n, wake FROM runs WHERE n = ANY (%s::bigint[])
