SELECT EXISTS (SELECT 1 FROM stream_watches WHERE until <= :now) OR EXISTS (SELECT 1 FROM stream_heads WHERE until <= :now)
