DELETE FROM conversation_messages WHERE place >= %(n)s::bigint << 24 AND place < (%(n)s::bigint + 1) << 24
