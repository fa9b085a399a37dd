DELETE FROM stream_watches WHERE until <= %s
