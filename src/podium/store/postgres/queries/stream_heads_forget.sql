DELETE FROM stream_heads WHERE run IN (SELECT jsonb_array_elements_text(%s::jsonb))
