DELETE FROM answers_kept WHERE until <= ?
