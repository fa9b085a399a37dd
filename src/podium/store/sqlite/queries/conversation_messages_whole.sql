UPDATE conversation_said
SET message = (SELECT m.message FROM conversation_messages m WHERE m.place = conversation_said.place),
    source = NULL, cut = NULL, first = NULL, size = NULL
WHERE number = ? AND source IS NOT NULL
