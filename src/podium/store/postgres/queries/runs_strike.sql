UPDATE runs SET
    strikes = CASE
        WHEN EXISTS (
            SELECT 1 FROM facts
            WHERE place BETWEEN (runs.n << 24) + runs.struck + 1 AND (runs.n << 24) + 16777215 AND kind IN (3, 6)
        ) THEN 1
        ELSE strikes + 1
    END,
    struck = (SELECT max(place) & 16777215 FROM facts WHERE place BETWEEN runs.n << 24 AND (runs.n << 24) + 16777215)
WHERE state = 'running' AND owner = %s
