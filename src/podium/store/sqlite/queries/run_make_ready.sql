UPDATE runs SET state = 'ready', wake_at = NULL, reason = '', ready_at = (julianday('now') - 2440587.5) * 86400.0 WHERE n = ? AND state = 'blocked' AND strikes = 0
