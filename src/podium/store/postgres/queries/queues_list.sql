SELECT queue, ready, oldest_age, running FROM queues ORDER BY queue
