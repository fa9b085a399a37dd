SELECT coalesce(payload, (SELECT b.body FROM blobs b WHERE b.hash = blob)) FROM facts WHERE place = (%s::bigint << 24) + %s
