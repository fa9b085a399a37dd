SELECT place & 16777215, kind, key, at, epoch, hash, digest, salt, body, payload, blob FROM facts
WHERE place BETWEEN %(1)s::bigint << 24 AND (%(1)s::bigint << 24) + 16777215 ORDER BY place
