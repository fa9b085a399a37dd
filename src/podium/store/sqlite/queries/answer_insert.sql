INSERT OR IGNORE INTO answers (question, by, value, at) VALUES (?, ?, ?, ?)
