SELECT COALESCE(payload, (SELECT body FROM blobs WHERE hash = blob)) FROM facts WHERE place = (?1 << 24) + ?2
