SELECT n, priority, strikes, queue, epoch, tenant, id, affinity IS NOT NULL FROM runs WHERE state = 'parked' AND wake_at <= ?
