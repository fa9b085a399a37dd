SELECT n FROM runs WHERE id = ? OR (workflow = ? AND tag = ?)
