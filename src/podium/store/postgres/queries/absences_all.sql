SELECT id, tenant, person, person_folded, until, at, by FROM absences ORDER BY id
