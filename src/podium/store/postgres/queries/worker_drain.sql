INSERT INTO drains (worker, at, by, why) SELECT id, %(1)s::double precision, %(2)s::text, %(3)s::text FROM workers WHERE id = %(4)s AND fenced = 0
ON CONFLICT (worker) DO NOTHING
