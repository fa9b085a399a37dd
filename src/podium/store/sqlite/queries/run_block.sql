UPDATE runs SET state = 'blocked', owner = NULL, wake_at = NULL, strikes = CASE ?1 WHEN 'quarantined' THEN strikes ELSE 0 END,
    blocked = ?1, reason = ?2, facts = ?3, head = ?4
WHERE n = ?5
