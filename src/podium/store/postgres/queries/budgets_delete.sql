DELETE FROM budgets WHERE id = ANY (%s::text[])
