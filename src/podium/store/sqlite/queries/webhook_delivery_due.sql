SELECT id, webhook, position, type, content, state, at, tries, next_at, ended_at, status, why
FROM webhook_deliveries WHERE webhook = ? AND state = 'waiting' ORDER BY next_at, id LIMIT 1
