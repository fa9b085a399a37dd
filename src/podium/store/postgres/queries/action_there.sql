SELECT 1 FROM actions WHERE id = %s LIMIT 1
