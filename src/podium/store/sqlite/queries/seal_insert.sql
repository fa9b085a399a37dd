INSERT INTO seals (n, hash, at, signature) VALUES (?, ?, ?, ?) ON CONFLICT (n) DO NOTHING
