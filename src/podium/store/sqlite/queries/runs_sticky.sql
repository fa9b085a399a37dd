SELECT EXISTS (
    SELECT 1 FROM runs INDEXED BY runs_sticky
    WHERE state = 'ready' AND affinity IS NOT NULL AND ready_at > (julianday('now') - 2440587.5) * 86400.0 - ?
)
