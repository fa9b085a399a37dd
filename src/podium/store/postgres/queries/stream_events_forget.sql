DELETE FROM stream_events WHERE run IN (SELECT jsonb_array_elements_text(%s::jsonb))
