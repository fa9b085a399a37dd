SELECT place & 16777215, kind, key, at, epoch, body, coalesce(payload, (SELECT b.body FROM blobs b WHERE b.hash = blob)), NULL::bytea FROM facts
WHERE place BETWEEN (%(1)s::bigint << 24) + %(2)s + 1 AND (%(1)s::bigint << 24) + 16777215 ORDER BY place LIMIT %(3)s
