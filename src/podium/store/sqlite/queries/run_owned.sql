SELECT wake FROM runs WHERE n = ? AND epoch = ? AND owner = ?
