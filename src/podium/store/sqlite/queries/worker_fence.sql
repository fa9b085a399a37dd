UPDATE workers SET fenced = ? WHERE id = ? AND fenced = 0 AND (? IS NULL OR beat = ?)
