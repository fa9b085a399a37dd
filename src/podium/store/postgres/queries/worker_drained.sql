UPDATE workers SET drained_at = %s WHERE id = %s AND fenced = 0
