SELECT w.nth, f.place & 16777215, f.kind, f.key, f.at, f.epoch, f.body,
    coalesce(f.payload, (SELECT b.body FROM blobs b WHERE b.hash = f.blob)), NULL::bytea
FROM unnest(%s::text[], %s::bigint[], %s::bigint[]) WITH ORDINALITY AS w (run, facts, most, nth)
JOIN runs r ON r.id = w.run
CROSS JOIN LATERAL (
    SELECT * FROM facts
    WHERE place BETWEEN (r.n << 24) + w.facts AND (r.n << 24) + 16777215 ORDER BY place LIMIT w.most
) f
ORDER BY w.nth, f.place
