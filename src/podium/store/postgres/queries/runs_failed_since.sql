SELECT workflow, ended_at FROM runs WHERE state IN ('failed', 'blocked') AND state = 'failed' AND ended_at >= %s
