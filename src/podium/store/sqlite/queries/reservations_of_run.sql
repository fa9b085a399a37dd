SELECT id FROM reservations WHERE run = ?
