SELECT epoch, last FROM stream_heads WHERE run = %s
