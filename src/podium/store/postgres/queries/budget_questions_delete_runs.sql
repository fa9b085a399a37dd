DELETE FROM budget_questions WHERE run = ANY (%s::bigint[])
