SELECT run, MAX(until) FROM stream_watches WHERE until > :now AND SUBSTR(reader, 1, LENGTH(:own)) <> :own GROUP BY run
