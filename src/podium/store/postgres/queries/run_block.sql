UPDATE runs SET state = 'blocked', owner = NULL, wake_at = NULL,
    strikes = CASE %(cause)s WHEN 'quarantined' THEN strikes ELSE 0 END,
    blocked = %(cause)s, reason = %(reason)s, facts = %(facts)s, head = %(head)s
WHERE n = %(n)s
