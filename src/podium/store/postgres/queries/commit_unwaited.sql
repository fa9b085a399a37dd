-- What is committed later is on the disk only together with what was committed before it.
SELECT set_config('synchronous_commit', 'off', true)
