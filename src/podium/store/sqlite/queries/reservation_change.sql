UPDATE reservations SET parts = ?2 WHERE id = ?1
