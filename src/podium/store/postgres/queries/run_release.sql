UPDATE runs SET state = %(state)s, owner = NULL, wake_at = NULL,
    strikes = CASE %(state)s WHEN 'ready' THEN 0 ELSE strikes END, reason = %(reason)s,
    version = %(version)s, ended_at = %(ended_at)s, ready_at = CASE %(state)s WHEN 'ready' THEN extract(epoch FROM clock_timestamp()) END, facts = %(facts)s, head = %(head)s
WHERE n = %(n)s
