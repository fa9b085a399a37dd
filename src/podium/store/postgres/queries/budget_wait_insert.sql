INSERT INTO budget_waits (id, run, epoch, holds) VALUES (%s, %s, %s, %s::text[])
ON CONFLICT (id) DO UPDATE SET run = excluded.run, epoch = excluded.epoch, holds = excluded.holds
