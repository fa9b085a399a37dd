-- The place is always a new one: who has read up to another one has to find it.
INSERT INTO answers_vectors (digest, agent, version, tenant, among, signs, numbers) VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (digest, agent, version, tenant) DO UPDATE
SET v = DEFAULT, among = excluded.among, signs = excluded.signs, numbers = excluded.numbers
