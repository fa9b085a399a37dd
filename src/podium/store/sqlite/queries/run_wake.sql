UPDATE runs SET
    wake = wake + 1,
    state = CASE state WHEN 'parked' THEN 'ready' ELSE state END,
    wake_at = CASE state WHEN 'parked' THEN NULL ELSE wake_at END,
    ready_at = CASE state WHEN 'parked' THEN (julianday('now') - 2440587.5) * 86400.0 ELSE ready_at END
WHERE n = ?
