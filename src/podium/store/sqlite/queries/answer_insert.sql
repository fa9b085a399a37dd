INSERT OR IGNORE INTO answers (question, by, value, at, salt, digest) VALUES (?, ?, ?, ?, ?, ?)
