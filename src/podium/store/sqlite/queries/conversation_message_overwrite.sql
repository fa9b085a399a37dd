UPDATE conversation_said SET message = ?, source = NULL, cut = NULL, first = NULL, size = NULL WHERE place = ?
