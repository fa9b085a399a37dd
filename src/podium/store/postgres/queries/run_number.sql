SELECT n, facts, head, state FROM runs WHERE id = %s
