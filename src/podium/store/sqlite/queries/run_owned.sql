SELECT wake, parent FROM runs WHERE n = ? AND epoch = ? AND owner = ?
