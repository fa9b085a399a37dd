-- The roots of trees whose costs are to be read from their facts, as a list in JSON, and how many: those that go on, and those that 1 or 2 cuts in two.
SELECT COUNT(*), COALESCE(JSON_AGG(n), '[]')::text FROM (
    SELECT n FROM runs WHERE costed_from IS NULL AND id = root
    UNION SELECT n FROM runs WHERE costed_to >= %(1)s::double precision AND costed_from < %(1)s::double precision
    UNION SELECT n FROM runs WHERE costed_to >= %(2)s::double precision AND costed_from < %(2)s::double precision
) open
