UPDATE workers SET beat = %s, rates = %s, heard_at = extract(epoch FROM clock_timestamp()) WHERE id = %s AND fenced = 0
RETURNING (SELECT at FROM drains WHERE worker = id), (SELECT by FROM drains WHERE worker = id), (SELECT why FROM drains WHERE worker = id)
