DELETE FROM reservations WHERE id = %s RETURNING id, run, parts::text, escrow
