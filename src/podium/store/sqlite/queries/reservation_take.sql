DELETE FROM reservations WHERE id = ? RETURNING parts
