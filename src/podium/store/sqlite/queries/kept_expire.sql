-- Of the :most answers whose digests follow :digest, those that are too old at :now.
DELETE FROM answers_kept WHERE (digest, agent, version, tenant) IN (
    SELECT digest, agent, version, tenant
    FROM (SELECT digest, agent, version, tenant, until FROM answers_kept WHERE digest > :digest ORDER BY digest LIMIT :most)
    WHERE until <= :now
)
