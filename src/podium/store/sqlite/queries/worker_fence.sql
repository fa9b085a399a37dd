UPDATE workers SET fenced = ? WHERE id = ? AND fenced = 0
