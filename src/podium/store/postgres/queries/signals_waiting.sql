SELECT run, id, kind, name, body, at FROM signals WHERE run = ANY (%s::bigint[]) AND NOT taken ORDER BY run, n
