SELECT min(wake_at) FROM runs WHERE state = 'parked' AND wake_at IS NOT NULL
