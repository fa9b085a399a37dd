-- Whoever changes a tree changes its root: what is being changed is left out, and what is found waits for us.
SELECT n FROM runs WHERE n IN (SELECT w::bigint FROM json_array_elements_text(%s::json) w) FOR NO KEY UPDATE SKIP LOCKED
