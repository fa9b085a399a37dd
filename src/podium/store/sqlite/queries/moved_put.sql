INSERT INTO moved (id, "to", at, by) VALUES (1, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET "to" = excluded."to", at = excluded.at, by = excluded.by
