-- The runs that are let go or told something, and the parents of those that end: all at once, in the order of their numbers.
SELECT 1 FROM runs
WHERE n IN (
    SELECT * FROM unnest(%(numbers)s::bigint[])
    UNION
    SELECT n FROM runs WHERE id = ANY (%(ids)s::text[] || ARRAY(
        SELECT parent FROM runs WHERE n = ANY (%(ending)s::bigint[]) AND parent IS NOT NULL
    ))
)
ORDER BY n FOR NO KEY UPDATE
