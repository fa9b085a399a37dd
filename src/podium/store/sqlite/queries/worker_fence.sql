UPDATE workers SET fenced = 1 WHERE id = ? AND fenced = 0
