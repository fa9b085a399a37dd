-- All but the ?4 of an agent that were kept last.
DELETE FROM answers_kept WHERE (digest, agent, version, tenant) IN (
    SELECT digest, agent, version, tenant FROM answers_vectors
    WHERE agent = ?1 AND version = ?2 AND tenant = ?3 AND v <= (
        SELECT v FROM answers_vectors WHERE agent = ?1 AND version = ?2 AND tenant = ?3
        ORDER BY v DESC LIMIT 1 OFFSET ?4
    )
)
