SELECT id, run, parts::text, escrow FROM reservations WHERE run = ANY (%s::bigint[]) ORDER BY id FOR UPDATE
