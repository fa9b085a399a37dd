DELETE FROM stream_heads WHERE until <= %s
