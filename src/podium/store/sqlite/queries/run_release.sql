UPDATE runs SET state = ?1, owner = NULL, wake_at = NULL, strikes = CASE ?1 WHEN 'ready' THEN 0 ELSE strikes END, reason = ?2,
    version = ?3, ended_at = ?4, ready_at = CASE ?1 WHEN 'ready' THEN (julianday('now') - 2440587.5) * 86400.0 END, facts = ?5, head = ?6
WHERE n = ?7
