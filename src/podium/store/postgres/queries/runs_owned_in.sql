SELECT r.n, r.epoch, r.wake, r.parent
FROM unnest(%s::bigint[], %s::bigint[]) AS c (n, epoch) JOIN runs r ON r.n = c.n AND r.epoch = c.epoch
WHERE r.owner = %s
