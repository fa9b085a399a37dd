SELECT id, webhook, position, type, content, state, at, tries, next_at, ended_at, status, why
FROM webhook_deliveries
WHERE webhook = :webhook
    AND (at < :at OR at = :at AND id < :id)
    AND state = :state
    AND at >= :since
    AND at < :until
    AND (id LIKE :text ESCAPE '\' OR type LIKE :text ESCAPE '\' OR why LIKE :text ESCAPE '\')
ORDER BY at DESC, id DESC LIMIT :limit
