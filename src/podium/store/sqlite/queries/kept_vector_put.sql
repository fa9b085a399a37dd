REPLACE INTO answers_vectors (digest, agent, version, tenant, among, signs, numbers) VALUES (?, ?, ?, ?, ?, ?, ?)
