UPDATE workers SET beat = ? WHERE id = ? AND fenced = 0
