SELECT run, MAX(until) FROM stream_watches WHERE until > ?1 AND SUBSTR(reader, 1, LENGTH(?2)) <> ?2 GROUP BY run
