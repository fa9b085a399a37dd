SELECT r.id, f.place & 16777215, f.kind, f.key, f.at, f.epoch, f.body,
    coalesce(f.payload, (SELECT b.body FROM blobs b WHERE b.hash = f.blob)), f.place
FROM facts f JOIN runs r ON r.n = f.place >> 24
WHERE true
    AND f.place > %(place)s
    AND f.place BETWEEN (SELECT n FROM runs WHERE id = %(run)s) << 24 AND ((SELECT n FROM runs WHERE id = %(run)s) << 24) + 16777215
    AND f.kind IN (SELECT jsonb_array_elements_text(%(kinds)s::jsonb)::integer)
    AND f.at >= %(since)s
    AND f.at < %(until)s
    AND r.tenant = %(tenant)s
    AND r.principal = %(principal)s
    AND r.tag = %(tag)s
    AND (f.key ILIKE %(text)s OR convert_from(f.body, 'UTF8') COLLATE "C" ILIKE %(text)s)
ORDER BY f.place LIMIT %(limit)s
