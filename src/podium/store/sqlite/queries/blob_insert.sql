INSERT OR IGNORE INTO blobs (hash, body) VALUES (?, ?)
