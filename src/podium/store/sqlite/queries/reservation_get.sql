SELECT parts FROM reservations WHERE id = ?
