SELECT r.id, f.place & 16777215 FROM facts f JOIN runs r ON r.n = f.place >> 24
WHERE f.blob IS NOT NULL AND f.blob NOT IN (SELECT hash FROM blobs)
