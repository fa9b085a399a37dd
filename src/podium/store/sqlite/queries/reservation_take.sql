DELETE FROM reservations WHERE id = ? RETURNING id, run, parts, escrow
