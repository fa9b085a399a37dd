SELECT n, hash, at, signature FROM seals ORDER BY n
