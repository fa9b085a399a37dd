INSERT INTO actions (at, id, by, tenant, what, about, said) VALUES (?, ?, ?, ?, ?, ?, ?)
