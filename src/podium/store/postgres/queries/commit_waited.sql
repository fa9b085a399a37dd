-- Also on a connection that does not wait for the disk as a rule.
SELECT set_config('synchronous_commit', 'on', true)
