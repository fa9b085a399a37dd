SELECT run_id FROM questions WHERE id = %s
