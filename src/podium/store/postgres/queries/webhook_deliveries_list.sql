SELECT id, webhook, position, type, content, state, at, tries, next_at, ended_at, status, why
FROM webhook_deliveries
WHERE webhook = %(webhook)s
    AND (at < %(at)s OR at = %(at)s AND id < %(id)s)
    AND state = %(state)s
    AND at >= %(since)s
    AND at < %(until)s
    AND (id ILIKE %(text)s OR type ILIKE %(text)s OR why ILIKE %(text)s)
ORDER BY at DESC, id DESC LIMIT %(limit)s
