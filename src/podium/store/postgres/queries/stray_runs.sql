-- Runs that facts belong to and that are not there: one look-up for each run, however many facts it has.
WITH RECURSIVE numbers (n) AS (
    SELECT min(place) >> 24 FROM facts
    UNION ALL
    SELECT (SELECT place >> 24 FROM facts WHERE place >= (numbers.n + 1) << 24 ORDER BY place LIMIT 1)
    FROM numbers WHERE numbers.n IS NOT NULL
)
SELECT count(*) FROM numbers WHERE n IS NOT NULL AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.n = numbers.n)
