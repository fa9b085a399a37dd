UPDATE workers SET fenced = 1 WHERE id = ?
