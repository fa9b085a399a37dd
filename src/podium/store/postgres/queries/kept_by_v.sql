SELECT a.value, a.run, a.key, a.usd FROM answers_vectors v JOIN answers_kept a
    ON a.digest = v.digest AND a.agent = v.agent AND a.version = v.version AND a.tenant = v.tenant
WHERE v.v = %s AND a.until > %s
