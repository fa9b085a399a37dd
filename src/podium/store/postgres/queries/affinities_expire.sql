DELETE FROM affinities WHERE (tenant, affinity) IN (
    SELECT tenant, affinity FROM affinities WHERE hour < floor(extract(epoch FROM clock_timestamp()) / 3600) - 1
    FOR UPDATE SKIP LOCKED LIMIT 1000
)
