SELECT run, max(until) FROM stream_watches WHERE until > %s AND NOT starts_with(reader, %s) GROUP BY run
