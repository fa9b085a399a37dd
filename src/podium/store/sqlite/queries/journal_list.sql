SELECT r.id, f.place & 16777215, f.kind, f.key, f.at, f.epoch, f.body, 
    coalesce(f.payload, (SELECT b.body FROM blobs b WHERE b.hash = f.blob)), f.place
FROM facts f CROSS JOIN runs r ON r.n = f.place >> 24
WHERE true
    AND f.place > :place
    AND f.place BETWEEN (SELECT n FROM runs WHERE id = :run) << 24 AND ((SELECT n FROM runs WHERE id = :run) << 24) + 16777215
    AND f.kind IN (SELECT value FROM json_each(:kinds))
    AND f.at >= :since
    AND f.at < :until
    AND r.tenant = :tenant
    AND r.principal = :principal
    AND r.tag = :tag
    AND (f.key LIKE :text ESCAPE '\' OR CAST(f.body AS TEXT) LIKE :text ESCAPE '\')
ORDER BY f.place LIMIT :limit
