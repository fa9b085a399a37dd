SELECT id FROM runs
WHERE id IN (SELECT json_array_elements_text(%s::json)) AND state NOT IN ('ready', 'running', 'parked')
