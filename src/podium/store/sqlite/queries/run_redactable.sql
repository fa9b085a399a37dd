SELECT n, state FROM runs WHERE id = ? AND epoch = ? AND state IN ('done', 'failed', 'cancelled')
