SELECT id, webhook, position, type, content, state, at, tries, next_at, ended_at, status, why
FROM webhook_deliveries WHERE id = %s
