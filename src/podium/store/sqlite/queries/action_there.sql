SELECT 1 FROM actions WHERE id = ?
