SELECT id, run, parts::text, escrow FROM reservations WHERE id = ANY (%s::text[]) ORDER BY id FOR UPDATE
