SELECT n, priority, strikes, queue, epoch, tenant, id FROM runs WHERE state = 'parked' AND wake_at <= ?
