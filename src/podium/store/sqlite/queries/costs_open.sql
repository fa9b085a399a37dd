-- The roots of trees whose costs are to be read from their facts, as a list in JSON, and how many: those that go on, and those that ?1 or ?2 cuts in two.
-- One row, since a thread has to wait for the interpreter with each.
SELECT COUNT(*), JSON_GROUP_ARRAY(n) FROM (
    SELECT n FROM runs INDEXED BY runs_uncosted WHERE costed_from IS NULL AND id = root
    UNION SELECT n FROM runs INDEXED BY runs_costed WHERE costed_from IS NOT NULL AND costed_to >= ?1 AND costed_from < ?1
    UNION SELECT n FROM runs INDEXED BY runs_costed WHERE costed_from IS NOT NULL AND costed_to >= ?2 AND costed_from < ?2
)
