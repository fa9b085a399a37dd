DELETE FROM conversation_turns WHERE n = ANY (%s::bigint[])
