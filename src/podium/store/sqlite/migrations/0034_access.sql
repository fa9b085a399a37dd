-- Keys with which programs sign in, and who asked for which change.
CREATE TABLE api_keys (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    who TEXT NOT NULL,
    tenant TEXT NOT NULL,
    scope BLOB NOT NULL,
    expires REAL,
    made_at REAL NOT NULL,
    made_by TEXT NOT NULL,
    digest BLOB NOT NULL,
    former BLOB,
    former_until REAL,
    issued_at REAL NOT NULL,
    issued_by TEXT NOT NULL,
    revoked_at REAL,
    revoked_by TEXT,
    used_at REAL
) WITHOUT ROWID;
CREATE TABLE actions (
    at REAL NOT NULL,
    id TEXT NOT NULL,
    by TEXT NOT NULL,
    tenant TEXT NOT NULL,
    what TEXT NOT NULL,
    about TEXT NOT NULL,
    said BLOB NOT NULL,
    PRIMARY KEY (at, id)
) WITHOUT ROWID;
CREATE INDEX actions_of_tenant ON actions (tenant, at, id)
