SELECT v, numbers, n FROM memory_vectors WHERE v IN (SELECT jsonb_array_elements_text(%s::jsonb)::bigint)
