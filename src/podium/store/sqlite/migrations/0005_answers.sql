CREATE TABLE answers_kept (
    agent TEXT NOT NULL,
    version TEXT NOT NULL,
    tenant TEXT NOT NULL,
    digest TEXT NOT NULL,
    value BLOB NOT NULL,
    run TEXT NOT NULL,
    key TEXT NOT NULL,
    until REAL NOT NULL,
    PRIMARY KEY (agent, version, tenant, digest)
) WITHOUT ROWID;
CREATE INDEX answers_kept_until ON answers_kept (until);
CREATE INDEX answers_kept_run ON answers_kept (run);
