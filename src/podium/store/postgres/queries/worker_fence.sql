UPDATE workers SET fenced = %s WHERE id = %s AND fenced = 0 AND (%s::double precision IS NULL OR beat = %s) RETURNING 1
