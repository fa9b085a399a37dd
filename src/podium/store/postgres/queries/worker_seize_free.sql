-- Where the worker commits it is not waited for: a process that stands still would hold up whoever waits.
SELECT 1 FROM workers WHERE id = %s FOR UPDATE SKIP LOCKED
