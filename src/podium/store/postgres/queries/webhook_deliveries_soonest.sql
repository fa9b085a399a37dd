SELECT webhook, MIN(next_at) FROM webhook_deliveries WHERE state = 'waiting' GROUP BY webhook
