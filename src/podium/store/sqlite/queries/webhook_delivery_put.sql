INSERT INTO webhook_deliveries (id, webhook, position, type, content, state, at, tries, next_at, ended_at, status, why)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12
WHERE EXISTS (SELECT 1 FROM webhooks WHERE id = ?2)
ON CONFLICT (id) DO UPDATE SET state = excluded.state, tries = excluded.tries, next_at = excluded.next_at,
    ended_at = excluded.ended_at, status = excluded.status, why = excluded.why
