-- All but the :most of an agent that were kept last.
DELETE FROM answers_kept WHERE (digest, agent, version, tenant) IN (
    SELECT digest, agent, version, tenant FROM answers_vectors
    WHERE agent = :agent AND version = :version AND tenant = :tenant AND v <= (
        SELECT v FROM answers_vectors WHERE agent = :agent AND version = :version AND tenant = :tenant
        ORDER BY v DESC LIMIT 1 OFFSET :most
    )
)
