DELETE FROM memory_words WHERE n = %s
