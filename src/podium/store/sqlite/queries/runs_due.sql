SELECT n, priority FROM runs WHERE state = 'parked' AND wake_at <= ?
