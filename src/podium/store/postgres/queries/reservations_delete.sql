DELETE FROM reservations WHERE id = ANY (%s::text[])
