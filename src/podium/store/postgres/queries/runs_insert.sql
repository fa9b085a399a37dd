INSERT INTO runs (
    n, id, workflow, version, state, epoch, wake, owner, queue, priority, facts, head,
    tenant, principal, parent, root, tag, created_at, reason, generation, since, affinity, ready_at
)
SELECT n, id, workflow, version, state, epoch, 0, owner, queue, priority, 0, decode(repeat('00', 32), 'hex'),
    tenant, principal, parent, root, tag, created_at, '', generation, (generation > 1)::int, affinity,
    CASE state WHEN 'ready' THEN extract(epoch FROM clock_timestamp()) END
FROM unnest(
    %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::bigint[],
    %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::double precision[], %s::bigint[], %s::text[]
) AS r (n, id, workflow, version, state, epoch, owner, queue, priority, tenant, principal, parent, root, tag, created_at, generation, affinity)
