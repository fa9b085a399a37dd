-- Waits for the commits of a worker that are under way.
SELECT 1 FROM workers WHERE id = %s FOR UPDATE
