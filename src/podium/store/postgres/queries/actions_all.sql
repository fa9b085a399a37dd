SELECT at, id, by, tenant, what, about, said FROM actions ORDER BY at, id
