UPDATE runs SET generation = ?, since = ?, version = ?, wake = wake + 1 WHERE n = ?
