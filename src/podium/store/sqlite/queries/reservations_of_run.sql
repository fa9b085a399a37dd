SELECT id, run, parts, escrow FROM reservations WHERE run = ?
