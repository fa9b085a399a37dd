INSERT INTO absences (id, tenant, person, person_folded, until, at, by) VALUES (?, ?, ?, ?, ?, ?, ?)
