INSERT INTO memory_words (n, word, times) SELECT %(1)s::bigint, w.* FROM unnest(%(2)s::text[], %(3)s::bigint[]) w
