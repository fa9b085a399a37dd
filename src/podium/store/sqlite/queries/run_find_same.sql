SELECT n, id FROM runs WHERE id = ? OR (workflow = ? AND tag = ?)
