SELECT place & 16777215, kind, key, at, epoch, body, coalesce(payload, (SELECT b.body FROM blobs b WHERE b.hash = blob)), NULL::bytea FROM facts WHERE place = %s::bigint << 24
