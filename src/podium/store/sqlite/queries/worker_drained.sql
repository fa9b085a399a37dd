UPDATE workers SET drained_at = ? WHERE id = ? AND fenced = 0
