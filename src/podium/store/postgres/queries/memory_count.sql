SELECT count(*) FROM (SELECT 1 FROM memory_words WHERE word = %s LIMIT %s) w
