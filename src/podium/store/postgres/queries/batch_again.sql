INSERT INTO batches AS b (store, number, at) VALUES (%s, %s, extract(epoch FROM now()))
ON CONFLICT (store) DO UPDATE SET number = excluded.number, at = excluded.at WHERE b.number < excluded.number
RETURNING number
