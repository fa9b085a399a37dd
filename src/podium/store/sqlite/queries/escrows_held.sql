SELECT COALESCE(SUM(part.value ->> 1), 0), COALESCE(SUM(part.value ->> 2), 0), COALESCE(SUM(part.value ->> 3), 0)
FROM reservations, json_each(parts) AS part
WHERE escrow AND part.value ->> 0 = ?
