SELECT id, tenant, person, until, at, by, person_folded FROM absences a WHERE tenant = %s AND until > %s
    AND NOT EXISTS (
        SELECT 1 FROM absences b WHERE b.tenant = a.tenant AND b.person_folded = a.person_folded AND (b.at, b.id) > (a.at, a.id)
    )
ORDER BY until, id
