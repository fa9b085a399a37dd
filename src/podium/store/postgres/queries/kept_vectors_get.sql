SELECT v, numbers, v FROM answers_vectors WHERE v IN (SELECT jsonb_array_elements_text(%s::jsonb)::bigint)
