UPDATE conversation_messages SET message = %s WHERE place = %s
