UPDATE runs SET costed_from = ?, costed_to = ? WHERE n = ?
