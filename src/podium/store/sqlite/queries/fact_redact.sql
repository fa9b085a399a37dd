UPDATE facts SET digest = ?, salt = NULL, body = ?, payload = NULL, blob = NULL WHERE place = ?
