INSERT INTO drains (worker, at, by, why) SELECT id, ?1, ?2, ?3 FROM workers WHERE id = ?4 AND fenced = 0
ON CONFLICT (worker) DO NOTHING
