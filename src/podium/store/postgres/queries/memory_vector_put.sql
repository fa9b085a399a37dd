-- The place is always a new one: who has read up to another one has to find it.
INSERT INTO memory_vectors (n, scope, embedder, signs, numbers) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (n) DO UPDATE SET v = DEFAULT, scope = excluded.scope, embedder = excluded.embedder, signs = excluded.signs, numbers = excluded.numbers
