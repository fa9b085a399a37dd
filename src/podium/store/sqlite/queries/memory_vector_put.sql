INSERT OR REPLACE INTO memory_vectors (n, scope, embedder, signs, numbers) VALUES (?, ?, ?, ?, ?)
