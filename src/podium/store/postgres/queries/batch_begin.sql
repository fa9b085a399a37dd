-- A number that is there already is one that was sent again meanwhile: this one fails, by dividing by 0.
INSERT INTO batches AS b (store, number, at) VALUES (%s, %s, extract(epoch FROM now()))
ON CONFLICT (store) DO UPDATE SET number = excluded.number / (b.number < excluded.number)::int, at = excluded.at
