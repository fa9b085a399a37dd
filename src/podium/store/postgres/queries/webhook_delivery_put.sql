INSERT INTO webhook_deliveries (id, webhook, position, type, content, state, at, tries, next_at, ended_at, status, why)
SELECT %(1)s::text, %(2)s::text, %(3)s::bigint, %(4)s::text, %(5)s::bytea, %(6)s::text, %(7)s::double precision, %(8)s::bigint, %(9)s::double precision, %(10)s::double precision, %(11)s::bigint, %(12)s::text
WHERE EXISTS (SELECT 1 FROM webhooks WHERE id = %(2)s::text)
ON CONFLICT (id) DO UPDATE SET state = excluded.state, tries = excluded.tries, next_at = excluded.next_at,
    ended_at = excluded.ended_at, status = excluded.status, why = excluded.why
