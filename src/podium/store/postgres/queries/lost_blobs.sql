SELECT r.id, f.place & 16777215 FROM facts f JOIN runs r ON r.n = f.place >> 24
WHERE f.blob IS NOT NULL AND NOT EXISTS (SELECT 1 FROM blobs b WHERE b.hash = f.blob) ORDER BY f.place
