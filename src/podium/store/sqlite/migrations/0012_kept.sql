-- Kept answers are looked up by their question and nothing else: each new one changes one page. The digest goes first, so that those of all
-- agents are mixed, and any stretch of the table shows how many are too old; what is searched stands before the value, which may be large.
CREATE TABLE kept (
    digest TEXT NOT NULL,
    agent TEXT NOT NULL,
    version TEXT NOT NULL,
    tenant TEXT NOT NULL,
    until REAL NOT NULL,
    run TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (digest, agent, version, tenant)
) WITHOUT ROWID;
INSERT INTO kept SELECT digest, agent, version, tenant, until, run, key, value FROM answers_kept;
DROP TABLE answers_kept;
ALTER TABLE kept RENAME TO answers_kept
