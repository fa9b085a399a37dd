INSERT INTO conversation_messages (place, author, run, number, key, at, message)
SELECT place + ((%(into)s::bigint - %(n)s::bigint) << 24), author, run, number, key, at, message
FROM conversation_messages
WHERE place >= %(n)s::bigint << 24 AND place < (%(n)s::bigint << 24) + %(count)s
