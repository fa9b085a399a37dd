SELECT fenced FROM workers WHERE id = %s
