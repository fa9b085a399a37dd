SELECT place & 16777215, kind, key, at, epoch, body, payload, blob FROM facts
WHERE place BETWEEN (?1 << 24) + ?2 + 1 AND (?1 << 24) + 16777215 ORDER BY place LIMIT ?3
