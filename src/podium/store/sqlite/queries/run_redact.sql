UPDATE runs SET epoch = ?, reason = ?, facts = ?, head = ? WHERE n = ?
