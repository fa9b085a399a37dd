SELECT MIN(ended_at) FROM webhook_deliveries WHERE ended_at IS NOT NULL
