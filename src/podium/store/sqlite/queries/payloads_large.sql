SELECT place & 16777215, COALESCE(payload, (SELECT body FROM blobs WHERE hash = blob)) FROM (
    SELECT place, payload, blob FROM facts WHERE place BETWEEN ?1 << 24 AND (?1 << 24) + 16777215 ORDER BY place DESC LIMIT 512
)
WHERE LENGTH(payload) >= ?2 OR SUBSTR(payload, 1, 1) = x'00' OR blob IN (SELECT hash FROM blobs)
ORDER BY place DESC LIMIT ?3
