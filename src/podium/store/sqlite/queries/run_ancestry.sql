SELECT state, parent FROM runs WHERE id = ?
