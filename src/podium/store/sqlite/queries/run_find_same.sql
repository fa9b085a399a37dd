SELECT n, id FROM runs WHERE id = ? OR (tenant = ? AND workflow = ? AND tag = ?)
