SELECT COALESCE(payload, (SELECT body FROM blobs WHERE hash = blob)) FROM facts WHERE place = (%s::bigint << 24) + %s
