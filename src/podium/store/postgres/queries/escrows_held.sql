SELECT COALESCE(SUM((part ->> 1)::bigint), 0)::bigint, COALESCE(SUM((part ->> 2)::bigint), 0)::bigint,
    COALESCE(SUM((part ->> 3)::bigint), 0)::bigint
FROM reservations, jsonb_array_elements(parts) AS part
WHERE escrow AND part ->> 0 = %s
