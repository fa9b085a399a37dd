-- Of the ?3 answers whose digests follow ?1, those that are too old at ?2.
DELETE FROM answers_kept WHERE (digest, agent, version, tenant) IN (
    SELECT digest, agent, version, tenant
    FROM (SELECT digest, agent, version, tenant, until FROM answers_kept WHERE digest > ?1 ORDER BY digest LIMIT ?3)
    WHERE until <= ?2
)
