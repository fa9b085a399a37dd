SELECT place & 16777215, kind, key, at, epoch, body, payload, blob FROM facts
WHERE place BETWEEN ?1 << 24 AND (?1 << 24) + 16777215 AND key = ?2 ORDER BY place
