-- Whoever fences a worker locks its row against this: until the commit it stays as it is. A beat does not wait for it.
SELECT fenced FROM workers WHERE id = %s FOR KEY SHARE
