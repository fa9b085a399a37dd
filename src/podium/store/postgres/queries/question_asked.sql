SELECT run_id, quorum, deadline, state FROM questions WHERE id = %s FOR NO KEY UPDATE
