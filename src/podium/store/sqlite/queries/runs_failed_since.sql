SELECT workflow, ended_at FROM runs INDEXED BY runs_dead
WHERE state IN ('failed', 'blocked') AND state = 'failed' AND ended_at >= ?
