SELECT n, priority, strikes, queue FROM runs WHERE state = 'parked' AND wake_at <= ?
