DELETE FROM reservations WHERE run = ?
