SELECT EXISTS (
    SELECT 1 FROM runs
    WHERE state = 'ready' AND affinity IS NOT NULL AND ready_at > extract(epoch FROM clock_timestamp()) - %s::double precision
)
