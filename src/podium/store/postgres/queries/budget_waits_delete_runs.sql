DELETE FROM budget_waits WHERE run = ANY (%s::bigint[])
