-- Of so many answers whose digests follow one, those that are too old; what somebody changes just now is left for the next.
DELETE FROM answers_kept WHERE (digest, agent, version, tenant) IN (
    SELECT digest, agent, version, tenant FROM (
        SELECT digest, agent, version, tenant, until FROM answers_kept WHERE digest > %(1)s ORDER BY digest LIMIT %(3)s FOR UPDATE SKIP LOCKED
    ) k
    WHERE until <= %(2)s
)
