UPDATE workers SET beat = %s WHERE id = %s AND fenced = 0 RETURNING 1
