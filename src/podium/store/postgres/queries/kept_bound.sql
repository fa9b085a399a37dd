-- All but the last so many of an agent that were kept.
DELETE FROM answers_kept WHERE (digest, agent, version, tenant) IN (
    SELECT digest, agent, version, tenant FROM answers_vectors
    WHERE agent = %(1)s AND version = %(2)s AND tenant = %(3)s AND v <= (
        SELECT v FROM answers_vectors WHERE agent = %(1)s AND version = %(2)s AND tenant = %(3)s
        ORDER BY v DESC LIMIT 1 OFFSET %(4)s
    )
)
