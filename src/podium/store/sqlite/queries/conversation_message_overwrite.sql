UPDATE conversation_messages SET message = ? WHERE place = ?
