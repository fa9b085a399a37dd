UPDATE runs SET state = 'ready', wake_at = NULL, reason = '' WHERE n = ? AND state = 'blocked' AND strikes = 0
