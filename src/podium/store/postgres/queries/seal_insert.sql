INSERT INTO seals (n, hash, at, signature) VALUES (%s, %s, %s, %s) ON CONFLICT (n) DO NOTHING
