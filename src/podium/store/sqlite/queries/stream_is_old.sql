SELECT EXISTS (SELECT 1 FROM stream_watches WHERE until <= ?1) OR EXISTS (SELECT 1 FROM stream_heads WHERE until <= ?1)
