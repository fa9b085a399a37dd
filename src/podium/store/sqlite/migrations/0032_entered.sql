-- Answers and delegations are entered in the ledger. `digest` stands for the value of an answer, salted, so that the value can be taken away; older
-- answers have none. Delegations that are there already are entered now: from here on one that is not entered was forged.
ALTER TABLE answers ADD COLUMN salt BLOB;
ALTER TABLE answers ADD COLUMN digest BLOB;
INSERT INTO ledger (n, run, facts, head, state, hash)
WITH RECURSIVE granted (place, id, head, state) AS (
    SELECT ROW_NUMBER() OVER (ORDER BY at, id, state), id, head, state FROM (
        SELECT id, granted_at AS at, 'granted' AS state,
            audit_grant_digest(id, by, "to", tenant, scope, expires, quota, granted_at) AS head
        FROM delegations
        UNION ALL
        SELECT id, revoked_at, 'revoked', audit_revocation_digest(id, revoked_at) FROM delegations WHERE revoked_at IS NOT NULL
    )
), chained (place, n, hash) AS (
    SELECT 0, COALESCE(MAX(n), 0), COALESCE((SELECT hash FROM ledger ORDER BY n DESC LIMIT 1), zeroblob(32)) FROM ledger
    UNION ALL
    SELECT g.place, c.n + 1, audit_entry_hash(c.hash, c.n + 1, g.id, 0, g.head, g.state)
    FROM chained c JOIN granted g ON g.place = c.place + 1
)
SELECT c.n, g.id, 0, g.head, g.state, c.hash FROM chained c JOIN granted g ON g.place = c.place
