-- By BM25 with k1 = 1.2 and b = 0.75, as SQLite's FTS5 has it. What is long is read of those alone that are given.
SELECT e.key, e.value, e.version, e.at, e.until
FROM (
    SELECT m.n, sum(q.weight * w.times * 2.2 / (w.times + 1.2 * (0.25 + 0.75 * m.words / %(4)s))) AS rank
    FROM unnest(%(1)s::text[], %(2)s::double precision[]) q (word, weight)
        JOIN memory_words w ON w.word = q.word JOIN memory m ON m.n = w.n
    WHERE m.scope = %(3)s AND (m.until IS NULL OR m.until > %(5)s) GROUP BY m.n ORDER BY rank DESC, m.n LIMIT %(6)s
) found JOIN memory e ON e.n = found.n ORDER BY found.rank DESC, e.n
