INSERT INTO conversations (tenant, principal, name, created_at, changed_at, revision, forked_from, forked_at)
VALUES (?1, ?2, ?3, ?4, ?4, coalesce(?6, 0), ?5, ?6)
