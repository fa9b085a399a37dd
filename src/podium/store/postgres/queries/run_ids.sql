SELECT id FROM runs WHERE n > coalesce((SELECT n FROM runs WHERE id = %s), 0) ORDER BY n
