UPDATE workers SET beat = ?, rates = ?, heard_at = (julianday('now') - 2440587.5) * 86400.0 WHERE id = ? AND fenced = 0
RETURNING (SELECT at FROM drains WHERE worker = id), (SELECT by FROM drains WHERE worker = id), (SELECT why FROM drains WHERE worker = id)
