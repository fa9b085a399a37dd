INSERT OR IGNORE INTO remarks (id, question, by, at, text, assignee, salt, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
