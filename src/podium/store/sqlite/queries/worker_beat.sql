UPDATE workers SET beat = ?, rates = ? WHERE id = ? AND fenced = 0
RETURNING (SELECT at FROM drains WHERE worker = id), (SELECT by FROM drains WHERE worker = id), (SELECT why FROM drains WHERE worker = id)
