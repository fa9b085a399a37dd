-- None where somebody is just changing a tree that may be one of these: it is not waited for.
SELECT w::bigint FROM json_array_elements_text(%s::json) w
WHERE (SELECT pg_try_advisory_xact_lock(hashtextextended('run costs in ' || current_schema(), 0)))
